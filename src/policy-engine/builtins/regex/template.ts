/** regex.template_match: literal text with patterns between delimiters, such as `urn:foo:{.*}`. */
import { type BuiltinContext, BuiltinError } from '../builtin.ts'
import { quoteGo, utf8 } from '../text/go-text.ts'
import { compilePattern, findMatches } from './search.ts'

export function matchesTemplate(
  context: BuiltinContext,
  template: string,
  text: string,
  start: string,
  end: string,
): boolean {
  const [startLength, endLength] = [utf8(start).length, utf8(end).length]
  const tellLength = (which: string): BuiltinError =>
    // OPA tells the start's length for either.
    new BuiltinError(`${which} delimiter has to be exactly one character long but is ${startLength} long`)
  if (startLength !== 1) throw tellLength('start')
  if (endLength !== 1) throw tellLength('end')
  const compiled = compilePattern(context, patternOf(context, template, start, end))
  return !findMatches(context, compiled, text).next().done
}

function patternOf(context: BuiltinContext, template: string, start: string, end: string): string {
  let pattern = '^'
  let literalFrom = 0
  for (const [from, to] of delimited(template, start, end)) {
    const part = template.slice(from + 1, to)
    // On its own it must be a pattern too.
    compilePattern(context, `^${part}$`)
    pattern += `${quoteMeta(template.slice(literalFrom, from))}(${part})`
    literalFrom = to + 1
  }
  return `${pattern}${quoteMeta(template.slice(literalFrom))}$`
}

/** Outermost pairs, as the places of their two delimiters. */
function delimited(template: string, start: string, end: string): [number, number][] {
  const pairs: [number, number][] = []
  const unbalanced = (): BuiltinError => new BuiltinError(`unbalanced braces in ${quoteGo(template)}`)
  let level = 0
  let from = 0
  for (let at = 0; at < template.length; at++) {
    if (template[at] === start) {
      if (++level === 1) from = at
    } else if (template[at] === end) {
      if (--level === 0) pairs.push([from, at])
      if (level < 0) throw unbalanced()
    }
  }
  if (level !== 0) throw unbalanced()
  return pairs
}

const quoteMeta = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
