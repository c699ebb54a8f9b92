/** A browser that is led through redirects only: what it takes to be signed in at the peer, whose pages answer by themselves. */
import { request } from 'undici'

const MAX_STEPS = 10

/** The Cookie header after the redirects from `url` have ended at an address outside `origin`. */
export async function signInByRedirects(origin: string, url: string): Promise<string> {
  const cookies = new Map<string, string>()
  const header = () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  let next = url
  for (let step = 0; step < MAX_STEPS; step++) {
    const answer = await request(next, { headers: { cookie: header() } })
    const text = await answer.body.text()
    keepCookies(cookies, answer.headers['set-cookie'])
    const { location } = answer.headers
    if (typeof location !== 'string') throw new Error(`${next} answered ${answer.statusCode}: ${text.slice(0, 300)}`)
    next = new URL(location, next).href
    if (!next.startsWith(origin)) return header()
  }
  throw new Error(`${url}: no end of redirects`)
}

export function keepCookies(cookies: Map<string, string>, lines: string | string[] | undefined): void {
  for (const line of [lines ?? []].flat()) keep(cookies, line)
}

/** RFC 6265 5.2, as far as a server of ours or the peer's goes. */
function keep(cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split('; ')
  const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
  if (value === '' || attributes.some((text) => /^expires=thu, 01 jan 1970/i.test(text))) cookies.delete(name)
  else cookies.set(name, value)
}
