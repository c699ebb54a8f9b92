/** The frame of every page of self-service: who is signed in, where one can go, and the way out. WCAG 2.4.1, 3.2.3. */
import { readFileSync } from 'node:fs'
import { type Content, Html, html } from '../html.ts'
import { type Page, page } from '../page.ts'
import { ACCOUNT } from '../words/account.ts'
import { words } from '../words/words.ts'

const STYLE = new Html(readFileSync(new URL('./account.css', import.meta.url), 'utf8'))

/** The rows of the navigation, in order. */
const PATHS = {
  overview: '/account',
  profile: '/account/profile',
  factors: '/account/factors',
  sessions: '/account/sessions',
  identities: '/account/identities',
  consents: '/account/consents',
  activity: '/account/activity',
  data: '/account/data',
} as const

export type AccountPart = keyof typeof PATHS

const PARTS = Object.keys(PATHS) as AccountPart[]

export interface AccountFrame {
  /** As the person knows the account. */
  readonly accountName: string
  /** Paths of the pages that there are. */
  readonly paths: ReadonlySet<string>
  readonly uiLocales?: readonly string[] | undefined
  /** IANA name of the person's time zone, where they have one. */
  readonly timeZone?: string | undefined
}

export interface AccountPageParts {
  /** The row of the navigation that it belongs to. */
  readonly here: AccountPart
  readonly title: string
  readonly content: Content
  /** What was sent has a fault: the title of the page says so first. */
  readonly faulty?: boolean | undefined
  /** Addresses of other sites where its forms may end. */
  readonly leadsTo?: readonly string[] | undefined
}

/** A page of self-service that there may be not: then it is named without a link. */
export const linked = ({ paths }: AccountFrame, path: string, text: Content): Html =>
  paths.has(path) ? html`<a href="${path}">${text}</a>` : html`${text}`

export function accountView(frame: AccountFrame, { here, title, content, faulty, leadsTo }: AccountPageParts): Page {
  const says = words(ACCOUNT, frame.uiLocales)
  const rows = PARTS.filter((part) => frame.paths.has(PATHS[part]))
  return page({
    title,
    faulty,
    leadsTo,
    uiLocales: frame.uiLocales,
    style: STYLE,
    content: html`<div class="account-frame">
<nav class="account-nav" aria-label="${says.navigation}">
<a class="skip" href="#content">${says.skip}</a>
<p class="note">${says.signedInAs(frame.accountName)} <a href="/logout">${says.signOut}</a></p>
<ul>
${rows.map(
  (part) => html`<li><a href="${PATHS[part]}"${part === here && html` aria-current="page"`}>${says.parts[part]}</a></li>
`,
)}</ul>
</nav>
<div class="account-content" id="content" tabindex="-1">
<h1>${title}</h1>
${content}
</div>
</div>`,
  })
}
