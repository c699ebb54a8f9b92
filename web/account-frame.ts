/** The frame of every page of self-service: who is signed in, where one can go, and the way out. WCAG 2.4.1, 3.2.3. */
import { readFileSync } from 'node:fs'
import { type Content, Html, html } from './html.ts'
import { type Page, page } from './page.ts'

const STYLE = new Html(readFileSync(new URL('./account.css', import.meta.url), 'utf8'))

/** The rows of the navigation, in order. */
const PARTS = {
  overview: { path: '/account', words: 'Overview' },
  profile: { path: '/account/profile', words: 'Profile' },
  factors: { path: '/account/factors', words: 'Sign-in methods' },
  sessions: { path: '/account/sessions', words: 'Devices and sessions' },
  identities: { path: '/account/identities', words: 'Linked accounts' },
  consents: { path: '/account/consents', words: 'Apps with access' },
  activity: { path: '/account/activity', words: 'Recent activity' },
  data: { path: '/account/data', words: 'Your data' },
} as const

export type AccountPart = keyof typeof PARTS

export interface AccountFrame {
  /** As the person knows the account. */
  readonly accountName: string
  /** Paths of the pages that there are. */
  readonly paths: ReadonlySet<string>
  readonly uiLocales?: readonly string[] | undefined
}

export interface AccountPageParts {
  /** The row of the navigation that it belongs to. */
  readonly here: AccountPart
  readonly title: string
  readonly content: Content
  /** Something has gone wrong with what was sent: the title says so first. */
  readonly faulty?: boolean
}

function row({ path, words }: { readonly path: string; readonly words: string }, isHere: boolean): Html {
  return html`<li><a href="${path}"${isHere && html` aria-current="page"`}>${words}</a></li>
`
}

export function accountView(frame: AccountFrame, parts: AccountPageParts): Page {
  const rows = Object.entries(PARTS).filter(([, { path }]) => frame.paths.has(path))
  return page({
    title: parts.faulty === true ? `Error: ${parts.title}` : parts.title,
    uiLocales: frame.uiLocales,
    style: STYLE,
    content: html`<div class="account-frame">
<nav class="account-nav" aria-label="Your account">
<a class="skip" href="#content">Skip to the content</a>
<p class="note">Signed in as <strong class="account">${frame.accountName}</strong>. <a href="/logout">Sign out</a></p>
<ul>
${rows.map(([part, entry]) => row(entry, part === parts.here))}</ul>
</nav>
<div class="account-content" id="content" tabindex="-1">
<h1>${parts.title}</h1>
${parts.content}
</div>
</div>`,
  })
}
