/** What is answered to what node cannot read as a request, on whichever listener it comes. RFC 9112 3; RFC 6585 5. */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** By the code of node's error; each other of its parser is 400. */
const KNOWN: Readonly<Record<string, readonly [status: number, description: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The head of the request is too large.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The request is too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not come in time.'],
}
const MALFORMED = [400, 'The request is malformed.'] as const

/** Whether an answer has begun, which another would break into. */
const isAnswered = (socket: Duplex): boolean => {
  const message: unknown = Reflect.get(socket, '_httpMessage')
  return typeof message === 'object' && message !== null && Reflect.get(message, 'headersSent') === true
}

/** For `clientError`; what failed below HTTP, as a handshake, is only ended. */
export function answerUnreadable(headers: Readonly<Record<string, string>>) {
  return (error: Error & { readonly code?: string }, socket: Duplex): void => {
    const { code = '' } = error
    const known = KNOWN[code] ?? (code.startsWith('HPE_') ? MALFORMED : undefined)
    if (known === undefined || !socket.writable || isAnswered(socket)) return void socket.destroy(error)
    const [status, description] = known
    const body = JSON.stringify({ error: 'invalid_request', error_description: description })
    const fields = {
      ...headers,
      'sallyport-request-id': randomUUID(),
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      connection: 'close',
    }
    const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`, () => socket.destroy(error))
  }
}
