/**
 * Before the browser goes where a client that registered itself would have it: nobody is signed in, so that a link alone could
 * lend our name to any address. The person reads where it leads, and decides. RFC 9700 4.11.2.
 */
import { html } from './html.ts'
import { destination, exactTarget, type Page, page } from './page.ts'

export interface LeavingView {
  readonly title: string
  readonly text: string
  /** Where it leads, whole. */
  readonly address: string
  /** What a form takes there; absent: a link leads there. */
  readonly fields?: readonly (readonly [name: string, value: string])[] | undefined
}

export function leavingPage({ title, text, address, fields }: LeavingView): Page {
  const words = html`Continue to ${destination(address)}`
  return page({
    title,
    ...(fields !== undefined && { formAction: exactTarget(address) }),
    content: html`<h1>${title}</h1>
<p class="lead">${text}</p>
<p class="note">The application that sent you here registered itself, and nobody has checked it. It leads to <strong>${destination(address)}</strong>: continue only if you know it.</p>
${
  fields === undefined
    ? html`<p><a href="${address}" rel="noreferrer">${words}</a></p>`
    : html`<form method="post" action="${address}">
${fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<button type="submit">${words}</button>
</form>`
}`,
  })
}
