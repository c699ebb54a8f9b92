/** strings.* and indexof_n: positions and counts are of code points. */
import { isArray, isSet, type Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError, type BuiltinTable } from '../builtin.ts'
import { asInt, asString, asStrings, wrongKind } from '../operands.ts'
import { placesOf, splitText } from './find.ts'
import { runeCount } from './go-text.ts'

export const STRINGS: BuiltinTable = {
  indexof_n: (context, base, search) => indexes(context, asString(1, base), asString(2, search)),
  'strings.count': (_, text, wanted) => occurrences(asString(1, text), asString(2, wanted)),
  'strings.split_n': (_, text, delimiter, n) => splitN(asString(1, text), asString(2, delimiter), asInt(3, n)),
  'strings.any_prefix_match': (context, search, bases) =>
    anyPrefix(context, affixOperand(1, search), affixOperand(2, bases)),
  'strings.any_suffix_match': (context, search, bases) =>
    anyPrefix(context, affixOperand(1, search).map(reversed), affixOperand(2, bases).map(reversed)),
}

/** Overlapping ones too. */
function indexes(context: BuiltinContext, base: string, search: string): number[] {
  if (search === '') throw new BuiltinError('empty search character')
  const found: number[] = []
  let counted = 0
  let runes = 0
  for (const at of placesOf(base, search, { overlapping: true })) {
    context.charge(1 + search.length / 4)
    runes += runeCount(base.slice(counted, at))
    counted = at
    found.push(runes)
  }
  return found
}

function occurrences(text: string, wanted: string): number {
  return wanted === '' ? runeCount(text) + 1 : splitText(text, wanted).length - 1
}

/** The first n parts, or for a negative n the last ones. */
function splitN(text: string, delimiter: string, n: number): string[] {
  const parts = delimiter === '' ? [...text] : splitText(text, delimiter)
  return n >= 0 ? parts.slice(0, n) : parts.slice(Math.max(parts.length + n, 0))
}

function affixOperand(position: number, value: Value | undefined): readonly string[] {
  if (typeof value === 'string') return [value]
  if (value !== undefined && (isArray(value) || isSet(value))) return asStrings(position, value)
  throw wrongKind(position, value ?? null, 'string', 'set', 'array')
}

/** Strings that share a prefix are neighbours once sorted, the first of them right behind the prefix itself. */
function anyPrefix(context: BuiltinContext, texts: readonly string[], prefixes: readonly string[]): boolean {
  if (texts.length === 1) return prefixes.some((prefix) => texts[0]?.startsWith(prefix))
  context.charge((texts.length + prefixes.length) * Math.ceil(Math.log2(texts.length + 2)) * 10)
  const sorted = [...texts].sort()
  return prefixes.some((prefix) => sorted[firstAtLeast(sorted, prefix)]?.startsWith(prefix))
}

function firstAtLeast(sorted: readonly string[], wanted: string): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as string) < wanted) low = middle + 1
    else high = middle
  }
  return low
}

const reversed = (text: string): string => text.split('').reverse().join('')
