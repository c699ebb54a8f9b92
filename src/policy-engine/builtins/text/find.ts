/** Where a text stands in another, in time that grows with both and never with their product. */

/** Up to here the engine's own search is no slower than a table would be; beyond, it may compare every pair of characters. */
const LONG = 250

export interface FindOptions {
  /** Also what begins within the place before. */
  readonly overlapping?: boolean
}

/** Places in UTF-16 units, from left to right. `wanted` is not empty. */
export function* placesOf(text: string, wanted: string, { overlapping = false }: FindOptions = {}): Generator<number> {
  if (wanted.length > LONG) {
    yield* placesOfLong(text, wanted, overlapping)
    return
  }
  const step = overlapping ? 1 : wanted.length
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + step)) yield at
}

/** As String.split with a text that is not empty. */
export function splitText(text: string, delimiter: string): string[] {
  if (delimiter.length <= LONG) return text.split(delimiter)
  const parts: string[] = []
  let from = 0
  for (const at of placesOfLong(text, delimiter, false)) {
    parts.push(text.slice(from, at))
    from = at + delimiter.length
  }
  parts.push(text.slice(from))
  return parts
}

/** As String.indexOf. */
export function firstPlace(text: string, wanted: string): number {
  if (wanted.length <= LONG) return text.indexOf(wanted)
  for (const at of placesOfLong(text, wanted, false)) return at
  return -1
}

/** Knuth, Morris and Pratt's search. */
function* placesOfLong(text: string, wanted: string, overlapping: boolean): Generator<number> {
  if (wanted.length > text.length) return
  const borders = bordersOf(wanted)
  let matched = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    while (matched > 0 && wanted.charCodeAt(matched) !== unit) matched = borders[matched - 1] as number
    if (wanted.charCodeAt(matched) === unit) matched++
    if (matched < wanted.length) continue
    yield at + 1 - matched
    matched = overlapping ? (borders[matched - 1] as number) : 0
  }
}

/** For each beginning of the text how long its longest part is that it both begins and ends with. */
function bordersOf(text: string): Int32Array {
  const borders = new Int32Array(text.length)
  let length = 0
  for (let at = 1; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    while (length > 0 && text.charCodeAt(length) !== unit) length = borders[length - 1] as number
    if (text.charCodeAt(length) === unit) length++
    borders[at] = length
  }
  return borders
}
