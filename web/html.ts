/** HTML by template literal, escaped by default. What is not `Html` already is text, whoever wrote it. */

/** Markup that was escaped, or written in a template of ours. Made by `html` only. */
export class Html {
  readonly #markup: string
  constructor(markup: string) {
    this.#markup = markup
  }
  toString(): string {
    return this.#markup
  }
}

export type Content = Html | string | number | undefined | false | readonly Content[]

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '')

function render(content: Content): string {
  if (content === undefined || content === false) return ''
  if (content instanceof Html) return content.toString()
  if (Array.isArray(content)) return content.map(render).join('')
  return escaped(String(content))
}

/** Attribute values stand in double quotes in every template: then one escaping serves text and attributes. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(parts.map((part, index) => (index === 0 ? '' : render(values[index - 1])) + part).join(''))
}

/** The word in text, in English and German; an address may hold it as well. */
const E_MAIL = /(?<![\w.@-])e-mail(?![\w.]*@)/gi

/** Browsers break lines after any hyphen: this word is kept whole where it is text. Attributes hold no `>` (see `html`). */
export const keepWordsWhole = (content: Content): Html =>
  new Html(render(content).replaceAll(/>[^<]+/g, (text) => text.replaceAll(E_MAIL, '<span class="whole">$&</span>')))
