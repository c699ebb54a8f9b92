/** HttpRequest over what the server read; query, cookies and certificate are read only where an endpoint looks at them. */
import type { Socket } from 'node:net'
import type { CertificateSource } from './certificate-source.ts'
import type { ClientCertificate } from './client-certificate.ts'
import { parseCookies } from './cookies.ts'
import type { HttpRequest, Origin, Params } from './message.ts'
import { noParams, parseParams } from './params.ts'

export interface Received {
  readonly id: string
  readonly method: string
  /** As on the request line, and spelt as its route is: `targetOf`. */
  readonly url: string
  readonly route: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: unknown
  readonly origin: Origin
  readonly tenant: string
  readonly socket: Socket
  /** Absent where clients show no certificates. */
  readonly certificates: CertificateSource | undefined
}

/** A form body as the form parser hands it over; anything else is JSON. */
export class FormBody {
  readonly params: Params
  constructor(text: string) {
    this.params = parseParams(text)
  }
}

export class RequestView implements HttpRequest {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly route: Readonly<Record<string, string>>
  readonly form: Params
  readonly json: unknown
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly origin: Origin
  readonly tenant: string
  readonly #queryText: string
  readonly #received: Received
  #query: Params | undefined
  #cookies: Readonly<Record<string, string | undefined>> | undefined

  constructor(received: Received) {
    const mark = received.url.indexOf('?')
    this.id = received.id
    this.method = received.method
    this.path = mark < 0 ? received.url : received.url.slice(0, mark)
    this.#queryText = mark < 0 ? '' : received.url.slice(mark + 1)
    this.route = received.route
    this.form = received.body instanceof FormBody ? received.body.params : noParams
    this.json = received.body instanceof FormBody ? undefined : received.body
    // Node gives an array for Set-Cookie only, which no request carries.
    this.headers = received.headers as Readonly<Record<string, string | undefined>>
    this.origin = received.origin
    this.tenant = received.tenant
    this.#received = received
  }

  get clientCertificate(): ClientCertificate | undefined {
    const { certificates, socket, headers } = this.#received
    return certificates?.(socket, headers)
  }

  get query(): Params {
    this.#query ??= parseParams(this.#queryText)
    return this.#query
  }

  get cookies(): Readonly<Record<string, string | undefined>> {
    this.#cookies ??= parseCookies(this.headers.cookie)
    return this.#cookies
  }
}
