/** Reads an answer whole, inflated, within its bound. */
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { EgressError } from './egress.ts'

export interface BodyLimits {
  readonly maxBytes: number
  readonly gzipped: boolean
}

/** Throws EgressError `too_large`, and whatever the connection throws; the connection is given up then. */
export async function readBody(body: Readable, { maxBytes, gzipped }: BodyLimits): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let received = 0
  async function* counted(source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      received += chunk.length
      if (received > maxBytes) throw tooLarge(maxBytes)
      yield chunk
    }
  }
  let size = 0
  const collect = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) {
      size += chunk.length
      if (size > maxBytes) throw tooLarge(maxBytes)
      chunks.push(chunk)
    }
  }
  if (!gzipped) {
    await pipeline(body, collect)
    return Buffer.concat(chunks, size)
  }
  try {
    await pipeline(body, counted, createGunzip(), collect)
  } catch (cause) {
    // Answers without a body (HEAD, 304) may name the encoding too.
    if (received === 0 && isZlib(cause)) return new Uint8Array()
    throw isZlib(cause) ? new EgressError('unreachable', 'the answer is not gzip, or is cut', { cause }) : cause
  }
  return Buffer.concat(chunks, size)
}

const tooLarge = (maxBytes: number) => new EgressError('too_large', `the answer has more than ${maxBytes} bytes`)

const isZlib = (error: unknown): boolean => error instanceof Error && 'code' in error && /^Z_/.test(String(error.code))
