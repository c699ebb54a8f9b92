/** Lines of a log's files as bytes, each with its place; files that were compressed after a rotation are read too. */
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'

export interface Line {
  readonly file: string
  /** From 1. */
  readonly number: number
  readonly bytes: Uint8Array
}

export async function* linesOf(file: string): AsyncGenerator<Line> {
  const raw = createReadStream(file, { highWaterMark: 256 * 1024 })
  const stream = file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw
  raw.on('error', (error) => stream.destroy(error))
  let number = 0
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    const bytes = rest.byteLength > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer)
    let from = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      number += 1
      if (end > from) yield { file, number, bytes: bytes.subarray(from, end) }
      from = end + 1
    }
    rest = bytes.subarray(from)
  }
  if (rest.byteLength > 0) yield { file, number: number + 1, bytes: rest }
}
