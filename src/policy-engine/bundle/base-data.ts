/** Base documents of a bundle (OPA, "Base Documents"), read from its canonical JSON text where they lie. */

import { parseExact } from '../exact-json.ts'
import { walk } from '../node/data-path.ts'
import { canonicalText } from './canonical.ts'
import { type Container, containerAt, type Span } from './json-index.ts'

export interface BaseData {
  /** Canonical JSON, UTF-8. */
  readonly dataJson: Uint8Array
  /** Of its large containers; without it the text is parsed at the first question. */
  readonly dataIndex?: Int32Array
}

/** The document at a path below `data`, undefined where there is none; numbers keep their text. */
export function baseData({ dataJson, dataIndex }: BaseData): (path: readonly string[]) => unknown {
  const text = Buffer.from(dataJson.buffer, dataJson.byteOffset, dataJson.byteLength)
  if (dataIndex === undefined) {
    let data: unknown
    return (path) => {
      data ??= parseExact(text.toString('utf8'))
      return walk(data, path)
    }
  }
  return (path) => {
    let span: Span = { start: 0, end: text.length }
    for (const [at, segment] of path.entries()) {
      const container = containerAt(dataIndex, span.start)
      if (container === undefined) return walk(parseExact(text.toString('utf8', span.start, span.end)), path.slice(at))
      const member = text[span.start] === OPEN_BRACE ? byKey(text, container, segment) : byIndex(container, segment)
      if (member === undefined) return undefined
      span = member
    }
    return parseExact(text.toString('utf8', span.start, span.end))
  }
}

const OPEN_BRACE = 0x7b

function byIndex(container: Container, segment: string): Span | undefined {
  const at = /^(0|[1-9]\d{0,8})$/.test(segment) ? Number(segment) : container.count
  return at < container.count ? container.member(at) : undefined
}

/** Between key and value stand a quote and a colon. */
function byKey(text: Buffer, container: Container, segment: string): Span | undefined {
  const key = Buffer.from(canonicalText(segment))
  const order = (at: number): number => {
    const { key: start, start: value } = container.member(at)
    return text.compare(key, 1, key.length - 1, start + 1, value - 2)
  }
  if (!container.ordered) {
    for (let at = 0; at < container.count; at++) if (order(at) === 0) return container.member(at)
    return undefined
  }
  let [low, high] = [0, container.count - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const found = order(middle)
    if (found === 0) return container.member(middle)
    if (found < 0) low = middle + 1
    else high = middle - 1
  }
  return undefined
}
