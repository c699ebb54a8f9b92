/** How deep JSON is nested, told from its text before it is parsed: what reads it afterwards may recurse. */

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Whether arrays and objects stand in each other more than `most` deep. Of text that is no JSON it says nothing of worth. */
export function isNestedBeyond(text: string, most: number): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === QUOTE) at = endOfText(text, at)
    // `[` and `{`, `]` and `}` differ in one bit.
    else if ((unit | 0x20) === 0x7b) {
      depth += 1
      if (depth > most) return true
    } else if ((unit | 0x20) === 0x7d) depth -= 1
  }
  return false
}

/** Of the closing quote, or of the end. */
function endOfText(text: string, begin: number): number {
  let at = begin + 1
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at
}
