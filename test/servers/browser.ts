/** For tests: the little of a browser that sign-in needs. Cookies are kept, redirects within the provider followed, forms sent. */

/** A page, and where the browser is. */
export interface Visited {
  readonly url: string
  readonly status: number
  readonly text: string
  readonly headers: Headers
  /** Where it sent the browser, when that is outside the provider. */
  readonly left?: URL
}

const FIELD = /<(?:input|button)\b[^>]*>/g

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]
  return value?.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<')
}

/** Hidden fields of the page's first form, and where it goes. */
export function formOf(page: Visited): { readonly action: string; readonly fields: URLSearchParams } {
  const [whole = '', form] = /(<form\b[^>]*>)[\s\S]*?(?:<\/form>|$)/.exec(page.text) ?? []
  if (form === undefined) throw new Error(`no form on ${page.url}: ${page.status} ${page.text.slice(0, 300)}`)
  const fields = new URLSearchParams()
  for (const [tag] of whole.matchAll(FIELD))
    if (attribute(tag, 'type') === 'hidden') fields.append(attribute(tag, 'name') ?? '', attribute(tag, 'value') ?? '')
  return { action: new URL(attribute(form, 'action') ?? '', page.url).href, fields }
}

/** The first form of a page with several that goes to such an address. */
export function formAt(page: Visited, to: RegExp): ReturnType<typeof formOf> {
  const found = page.text
    .split('<form')
    .slice(1)
    .map((rest) => formOf({ ...page, text: `<form${rest.split('</form>')[0] ?? ''}` }))
    .find(({ action }) => to.test(new URL(action).pathname))
  if (found === undefined) throw new Error(`no form to ${to} on ${page.url}: ${page.status}`)
  return found
}

export class Browser {
  readonly #origin: string
  readonly #userAgent: string | undefined
  readonly cookies = new Map<string, string>()
  /** Seconds that each cookie was given, where it was. */
  readonly lifetimes = new Map<string, number>()
  /** Sent with every request, e.g. what browser it is. */
  readonly headers: Record<string, string> = {}
  /** The last offer to bind the session to a key of the device: Secure-Session-Registration. */
  offer: string | undefined

  #route = (url: string): string => url

  constructor(origin: string, userAgent?: string) {
    this.#origin = origin
    this.#userAgent = userAgent
  }

  /** From now on requests go where this says, as a load balancer does it; what the browser sees of addresses stays. */
  move(route: (url: string) => string): void {
    this.#route = route
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = new Headers({ ...this.headers, ...Object.fromEntries(new Headers(init.headers)) })
    if (cookie !== '') headers.set('cookie', cookie)
    if (this.#userAgent !== undefined && !headers.has('user-agent')) headers.set('user-agent', this.#userAgent)
    const response = await fetch(this.#route(url), { ...init, headers, redirect: 'manual' })
    this.offer = response.headers.get('secure-session-registration') ?? this.offer
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/max-age=0/i.test(line)) this.cookies.delete(name)
      else this.cookies.set(name, value)
      const seconds = /max-age=(\d+)/i.exec(line)?.[1]
      if (seconds !== undefined) this.lifetimes.set(name, Number(seconds))
    }
    return response
  }

  async visit(url: string, init: RequestInit = {}): Promise<Visited> {
    let at = url
    let asked = init
    for (let hops = 0; hops < 10; hops += 1) {
      const response = await this.#fetch(at, asked)
      const location = response.headers.get('location')
      const { status, headers } = response
      const text = await response.text()
      if (location === null) return { url: at, status, text, headers }
      const next = new URL(location, at)
      if (next.origin !== this.#origin) return { url: at, status, text, headers, left: next }
      at = next.href
      asked = {}
    }
    throw new Error('too many redirects')
  }

  submit(page: Visited, values: Readonly<Record<string, string>>): Promise<Visited> {
    const { action, fields } = formOf(page)
    for (const [name, value] of Object.entries(values)) fields.set(name, value)
    return this.visit(action, { method: 'POST', body: fields, headers: { 'sec-fetch-site': 'same-origin' } })
  }

  /** Signs in where asked, consents where asked; answers the redirect back to the client. */
  async authorize(url: string, person: { readonly userName: string; readonly password: string }): Promise<URL> {
    let page = await this.visit(url)
    if (page.url.includes('/login/select')) page = await this.submit(page, { answer: 'another' })
    if (page.url.includes('/login?')) page = await this.submit(page, { username: person.userName })
    if (page.url.includes('/login/password')) page = await this.submit(page, { password: person.password })
    if (page.url.includes('/consent')) page = await this.submit(page, { answer: 'allow' })
    if (page.left === undefined) throw new Error(`stayed at ${page.url}: ${page.status} ${page.text}`)
    return page.left
  }
}
