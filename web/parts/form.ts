/** What forms are made of. WCAG 1.3.1, 3.3.1, 3.3.2, 4.1.3: labels, faults tied to their fields, one alert that is read out. */
import { type Content, type Html, html } from '../html.ts'

export const hidden = (name: string, value: string): Html => html`<input type="hidden" name="${name}" value="${value}">
`

export const FAULT = 'fault'

/** Above a form: what is wrong with what was sent. Fields that it is about say so by `describedBy`. */
export const alert = (text: Content, id = FAULT): Html =>
  html`<div class="alert" role="alert" id="${id}"><p>${text}</p></div>
`

/** What has just been done, or is worth knowing: read out without taking the focus. */
export const notice = (content: Content): Html => html`<div class="notice" role="status">${content}</div>
`

export interface Field {
  readonly name: string
  readonly label: Content
  /** More of the input: type, autocomplete and the like. */
  readonly attributes: Html
  /** What is wrong with this field alone. */
  readonly fault?: Content | undefined
  /** Id of an alert that is about this field too. */
  readonly describedBy?: string | undefined
  readonly hint?: Content | undefined
}

export function field({ name, label, attributes, fault, describedBy, hint }: Field): Html {
  const own = fault !== undefined && fault !== false
  const faulty = own || describedBy !== undefined
  // The first of the fields that are wrong has the focus (HTML 6.6.7); those that have it anyway say so themselves.
  const takesFocus = faulty && !attributes.toString().includes('autofocus')
  const about = [own ? `${name}-fault` : describedBy, hint === undefined ? undefined : `${name}-hint`]
    .filter((id) => id !== undefined)
    .join(' ')
  return html`<div class="field">
<label for="${name}">${label}</label>
${
  hint !== undefined &&
  html`<p class="hint" id="${name}-hint">${hint}</p>
`
}<input id="${name}" name="${name}" ${attributes}${takesFocus && html` autofocus`}${faulty && html` aria-invalid="true"`}${about !== '' && html` aria-describedby="${about}"`}>
${
  own &&
  html`<p class="fault" id="${name}-fault">${fault}</p>
`
}</div>`
}

export interface Button {
  readonly words: Content
  readonly name?: string
  readonly value?: string
  /** Sends the form as it is, filled in or not. */
  readonly leaves?: boolean
}

const button = ({ words, name = 'answer', value, leaves }: Button, primary: boolean): Html =>
  html`<button${primary && html` class="primary"`} type="submit"${value !== undefined && html` name="${name}" value="${value}"`}${leaves && html` formnovalidate`}>${words}</button>
`

/** The first is what most people want: it is the big one, and the one that Enter presses. */
export const buttons = (first: Button, ...others: readonly Button[]): Html => html`<div class="actions">
${button(first, true)}${others.map((one) => button(one, false))}</div>`
