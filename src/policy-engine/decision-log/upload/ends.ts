/** The last line of each chain in a file: what is said of a file before it is removed. */
import { type ChainPosition, lineDigest } from '../../../audit/chain.ts'
import { linesOf } from '../../../audit/verify/lines.ts'

const LINK = /"chain":\{"id":"([\w-]+)","seq":(\d+),"prev":"[\w-]*"(?:,"after":\{"id":"[\w-]+","seq":\d+\})?\}{1,3}$/
const LINK_BYTES = 320

export async function chainEnds(segment: string): Promise<readonly ChainPosition[]> {
  const last = new Map<string, { readonly seq: number; readonly line: Uint8Array }>()
  for await (const { bytes } of linesOf(segment)) {
    const tail = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
      'latin1',
      Math.max(0, bytes.byteLength - LINK_BYTES),
    )
    const [, id, seq] = LINK.exec(tail) ?? []
    if (id !== undefined) last.set(id, { seq: Number(seq), line: bytes })
  }
  return [...last].map(([id, { seq, line }]) => ({ id, seq, digest: lineDigest(line) }))
}
