/** What a resource server must know of its provider, from its metadata: RFC 8414 3, with the issuer proven (3.3). */

export interface Provider {
  readonly jwksUri: string
  readonly introspectionEndpoint: string | undefined
}

const FETCH_WITHIN_MS = 5000
const MAX_BYTES = 256 * 1024
const AGE_MS = 5 * 60 * 1000

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/

/** https, or a name of this machine. */
export function requireSecure(address: string): URL {
  const url = new URL(address)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname)))
    throw new TypeError(`${url.origin}: a resource server asks its provider over https`)
  return url
}

/** The JSON object at an address: no redirects, bounded in time and size. */
export async function fetchJson(url: string, init: RequestInit = {}): Promise<Readonly<Record<string, unknown>>> {
  const signal = AbortSignal.timeout(FETCH_WITHIN_MS)
  const answer = await fetch(requireSecure(url), { ...init, redirect: 'error', signal })
  if (answer.status !== 200) {
    await answer.body?.cancel()
    throw new Error(`${new URL(url).pathname} answered ${answer.status}`)
  }
  const json: unknown = JSON.parse(await readBounded(answer))
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error('the answer is no JSON object')
  return json as Readonly<Record<string, unknown>>
}

async function readBounded({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.byteLength
    if (size > MAX_BYTES) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Reads the metadata once, and anew when it is old; a failure is forgotten, so that the next request tries again. */
export function providerOf(issuer: string): () => Promise<Provider> {
  const url = requireSecure(issuer)
  const path = url.pathname.replace(/\/$/, '')
  const address = `${url.origin}/.well-known/oauth-authorization-server${path}`
  let reading: Promise<Provider> | undefined
  let readAtMs = 0

  async function read(): Promise<Provider> {
    const metadata = await fetchJson(address)
    const jwksUri = textOf(metadata.jwks_uri)
    if (metadata.issuer !== issuer || jwksUri === undefined)
      throw new Error(`${address} is not the metadata of ${issuer}`)
    readAtMs = Date.now()
    return { jwksUri, introspectionEndpoint: textOf(metadata.introspection_endpoint) }
  }
  return () => {
    if (reading === undefined || (readAtMs !== 0 && Date.now() - readAtMs > AGE_MS)) {
      readAtMs = 0
      reading = read()
      reading.catch(() => {
        reading = undefined
      })
    }
    return reading
  }
}
