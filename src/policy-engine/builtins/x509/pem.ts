/** PEM (RFC 7468) as Go's encoding/pem reads it: what is no block is passed over, and what follows the block is told. */

import { BuiltinError } from '../builtin.ts'
import { decodeBase64 } from '../encoding/base64.ts'

export interface PemBlock {
  readonly type: string
  readonly bytes: Buffer
  /** What stands behind the line that ends the block. */
  readonly rest: string
}

const BEGIN = '-----BEGIN '
const END = '\n-----END '
const DASHES = '-----'

/** The first block that is whole, or undefined: a begin without an end of its own is passed over. */
export function readPem(text: string): PemBlock | undefined {
  for (let from = 0; ; ) {
    const end = text.indexOf(END, from)
    if (end < 0) return undefined
    const begin = text.slice(from, end).lastIndexOf(BEGIN)
    const block = begin < 0 ? undefined : readBlock(text, from + begin, end)
    if (block !== undefined) return block
    from = end + END.length
  }
}

/** All blocks, in order. */
export function readAllPem(text: string): PemBlock[] {
  const blocks: PemBlock[] = []
  for (let block = readPem(text); block !== undefined; block = readPem(block.rest)) blocks.push(block)
  return blocks
}

function readBlock(text: string, begin: number, end: number): PemBlock | undefined {
  if (begin > 0 && text[begin - 1] !== '\n') return undefined
  const heading = lineAt(text, begin + BEGIN.length)
  if (!heading.line.endsWith(DASHES)) return undefined
  const type = heading.line.slice(0, -DASHES.length)
  const trailer = lineAt(text, end + END.length)
  if (trailer.line !== type + DASHES) return undefined
  const start = skipHeaders(text, heading.next)
  const bytes = start > end ? Buffer.alloc(0) : decodeBody(text.slice(start, end))
  return bytes && { type, bytes, rest: text.slice(trailer.next) }
}

/** Blanks at the end of a line do not count. */
function lineAt(text: string, from: number): { readonly line: string; readonly next: number } {
  const end = text.indexOf('\n', from)
  const line = text.slice(from, end < 0 ? undefined : end).replace(/\r$/, '')
  let length = line.length
  while (line[length - 1] === ' ' || line[length - 1] === '\t') length--
  return { line: line.slice(0, length), next: end < 0 ? text.length : end + 1 }
}

function skipHeaders(text: string, from: number): number {
  for (let at = from; at < text.length; ) {
    const { line, next } = lineAt(text, at)
    if (!line.includes(':')) return at
    at = next
  }
  return text.length
}

function decodeBody(text: string): Buffer | undefined {
  try {
    return decodeBase64(text.replace(/[ \t]/g, ''))
  } catch (error) {
    if (error instanceof BuiltinError) return undefined
    throw error
  }
}
