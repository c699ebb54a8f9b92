/** The page of an error: what happened and what to do in the reader's words, and what a developer needs below it, open: most who see it are developers. */
import { OAUTH_ERRORS } from '../src/kernel/error-codes.ts'
import { toldAs } from '../src/kernel/told.ts'
import { type Html, html } from './html.ts'
import { waitOf } from './moment.ts'
import { type Page, page } from './page.ts'
import { ERRORS } from './words/errors.ts'
import { words } from './words/words.ts'

export interface ErrorView {
  readonly status: number
  readonly code: string
  /** As a client would read it. */
  readonly description: string
  /** For the person to quote; it finds the log line. */
  readonly requestId?: string | undefined
  /** What Retry-After says. */
  readonly retryAfterSeconds?: number | undefined
}

type Says = (typeof ERRORS)['en']

function own<T extends object>(texts: T, name: string | number): string | undefined {
  return Object.hasOwn(texts, name) ? (texts as Readonly<Record<string | number, string>>)[name] : undefined
}

/** What the person reads, and what a developer learns beyond it. */
function texts(says: Says, { status, code, description }: ErrorView): { text: string; detail?: string } {
  const told = toldAs(description)
  if (told !== undefined) return { text: says.told[told] }
  if (status === 404) return { text: says.notFound }
  const explained = own(says.codes, code)
  if (explained === undefined) return { text: says.other, detail: description }
  return Object.values(OAUTH_ERRORS).some((one) => one.description === description)
    ? { text: explained }
    : { text: explained, detail: description }
}

/** What passes by itself is tried again where it was; anything else begins anew from the account, which everybody has. */
const onwards = (says: Says, { status }: ErrorView): Html => {
  const again = status === 429 || status >= 500
  return html`<ul class="others">${again && html`<li><a href="">${says.again}</a></li>`}<li><a href="/account">${says.toAccount}</a></li></ul>`
}

export function errorPage(view: ErrorView): Page {
  const says = words(ERRORS)
  const title = own(says.titles, view.status) ?? says.titles.other
  const { text, detail } = texts(says, view)
  const wait = view.retryAfterSeconds === undefined ? undefined : says.wait(waitOf(view.retryAfterSeconds))
  return page({
    title,
    content: html`<h1>${title}</h1>
<p class="lead">${text}${wait !== undefined && ` ${wait}`}</p>
${
  detail !== undefined &&
  html`<details open><summary>${says.details}</summary><p lang="en" dir="ltr">${detail} <code>${view.code}</code></p></details>
`
}${onwards(says, view)}
${view.requestId !== undefined && html`<p class="note">${says.reference} <code>${view.requestId}</code></p>`}`,
  })
}
