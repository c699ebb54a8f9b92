/** regex.*: those that the module's own RE2 lacks. */
import type { BuiltinContext, BuiltinTable } from '../builtin.ts'
import { asInt, asString } from '../operands.ts'
import { globsIntersect } from './globs-intersect.ts'
import { compilePattern, findMatches, type Match } from './search.ts'
import { matchesTemplate } from './template.ts'

export const REGEX: BuiltinTable = {
  'regex.find_n': (context, pattern, text, n) => find(context, asString(1, pattern), asString(2, text), asInt(3, n)),
  'regex.split': (context, pattern, text) => split(context, asString(1, pattern), asString(2, text)),
  'regex.replace': (context, text, pattern, value) =>
    replace(context, asString(1, text), asString(2, pattern), asString(3, value)),
  'regex.template_match': (context, template, text, start, end) =>
    matchesTemplate(context, asString(1, template), asString(2, text), asString(3, start), asString(4, end)),
  'regex.globs_match': (context, left, right) => globsIntersect(context, asString(1, left), asString(2, right)),
  'glob.quote_meta': (_, pattern) => asString(1, pattern).replace(/[*?\\[\]{}]/g, '\\$&'),
}

/** All of them where n is negative. */
function find(context: BuiltinContext, pattern: string, text: string, n: number): string[] {
  const found: string[] = []
  const compiled = compilePattern(context, pattern)
  if (n === 0) return found
  for (const { start, end } of findMatches(context, compiled, text)) {
    found.push(text.slice(start, end))
    if (found.length === n) break
  }
  return found
}

/** Go leaves out an empty part before the text, and one behind it where the last match is empty. */
function split(context: BuiltinContext, pattern: string, text: string): string[] {
  const compiled = compilePattern(context, pattern)
  if (pattern !== '' && text === '') return ['']
  const parts: string[] = []
  let from = 0
  let lastStart = 0
  for (const { start, end } of findMatches(context, compiled, text)) {
    lastStart = start
    if (end !== 0) parts.push(text.slice(from, start))
    from = end
  }
  return lastStart === text.length ? parts : [...parts, text.slice(from)]
}

function replace(context: BuiltinContext, text: string, pattern: string, template: string): string {
  const compiled = compilePattern(context, pattern)
  let replaced = ''
  let from = 0
  for (const match of findMatches(context, compiled, text)) {
    const expanded = expand(template, match)
    context.charge((match.start - from + expanded.length) / 16)
    replaced += text.slice(from, match.start) + expanded
    from = match.end
  }
  return replaced + text.slice(from)
}

/** $1, ${1}, $name and $$; a name is as long as it can be, and an unknown one is empty. */
function expand(template: string, match: Match): string {
  return template.replace(/\$(?:\$|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu, (_, bare?: string, braced?: string) => {
    const name = bare ?? braced
    if (name === undefined) return '$'
    return match.group(/^(?:0|[1-9][0-9]{0,7})$/.test(name) ? Number(name) : name)
  })
}
