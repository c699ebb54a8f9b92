/** Writes an answer: headers that every one carries, its length, and gzip where the caller takes it and it is worth it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip, gzipSync } from 'node:zlib'
import { weighed } from '../../kernel/weighed.ts'
import type { ApiReply } from './exchange.ts'

/** As OPA does (`server.encoding.gzip.min_length`). */
const GZIP_FROM_BYTES = 1024
/** Up to it, handing the work to another thread costs more than doing it. */
const GZIP_HERE_BYTES = 16 * 1024
const GZIP_LEVEL = 4

const compress = promisify<Uint8Array, object, Uint8Array>(gzip)

export async function sendReply(
  request: IncomingMessage,
  response: ServerResponse,
  reply: ApiReply,
  revision: string | undefined,
): Promise<void> {
  const { status = 200, type = 'application/json', body, stream } = reply
  const headers = ['x-content-type-options', 'nosniff']
  if (reply.headers?.['cache-control'] === undefined) headers.push('cache-control', 'no-store')
  if (revision !== undefined && reply.headers?.['sallyport-revision'] === undefined) {
    headers.push('sallyport-revision', revision)
  }
  for (const name in reply.headers) headers.push(name, reply.headers[name] ?? '')
  if (body !== undefined || stream !== undefined) headers.push('content-type', type)
  if (stream !== undefined) {
    response.writeHead(status, headers)
    return stream(response)
  }
  if (body === undefined) {
    response.writeHead(status, headers)
    response.end()
    return
  }
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
  if (length < GZIP_FROM_BYTES) {
    headers.push('content-length', String(length))
    response.writeHead(status, headers)
    response.end(body)
    return
  }
  // As bytes: a long text would be turned into them twice.
  const bytes = Buffer.from(body)
  headers.push('vary', 'accept-encoding')
  const sent = takesGzip(request.headers['accept-encoding']) ? await zipped(bytes) : undefined
  if (sent !== undefined) headers.push('content-encoding', 'gzip')
  headers.push('content-length', String((sent ?? bytes).byteLength))
  response.writeHead(status, headers)
  response.end(sent ?? bytes)
}

async function zipped(bytes: Uint8Array): Promise<Uint8Array> {
  const options = { level: GZIP_LEVEL }
  return bytes.byteLength <= GZIP_HERE_BYTES ? gzipSync(bytes, options) : compress(bytes, options)
}

/** RFC 9110 12.5.3, as far as gzip is concerned. */
function takesGzip(accepted: string | string[] | undefined): boolean {
  const codings = weighed(String(accepted ?? ''))
  return codings.some(({ name, weight }) => (name === 'gzip' || name === '*') && weight > 0)
}
