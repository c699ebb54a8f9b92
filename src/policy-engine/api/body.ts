/** Reads a request's body to its end, within limits, and inflates it. */
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { ApiError } from './api-error.ts'

const inflateGzip = promisify<Uint8Array, object, Uint8Array>(gunzip)

export async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const encoding = request.headers['content-encoding']
  const bytes = await readBytes(request, limit)
  if (encoding === undefined || encoding === 'identity') return bytes
  if (encoding !== 'gzip') throw new ApiError('invalid_parameter', 'of content encodings only gzip is supported')
  try {
    return await inflateGzip(bytes, { maxOutputLength: limit })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge()
    throw new ApiError('invalid_parameter', 'the body is not gzip')
  }
}

/** What is left of a body that is too long is not read: the connection ends with the answer. */
const tooLarge = () => new ApiError('payload_too_large', 'the body is too large', { headers: { connection: 'close' } })

function readBytes(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > limit) return reject(tooLarge())
    let first: Buffer | undefined
    let more: Buffer[] | undefined
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.byteLength
      if (length > limit) {
        request.pause()
        return reject(tooLarge())
      }
      if (first === undefined) first = chunk
      else if (more === undefined) more = [first, chunk]
      else more.push(chunk)
    })
    request.once('end', () => resolve(more === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(more, length)))
    request.once('error', () => reject(new ApiError('invalid_parameter', 'the body ended early')))
  })
}
