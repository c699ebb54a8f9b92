/**
 * Around every endpoint that shows pages: who reads them, and the language picker, which works by plain links. OIDC Core 3.1.2.1
 * (`ui_locales`). A choice is kept in a cookie of this browser; nothing else knows of it.
 */
import { acceptedLanguages, isLanguage, type Language } from '../../../web/language.ts'
import { type Reader, readBy } from '../../../web/reader.ts'
import type { Theme } from '../../../web/theme.ts'
import { cookieName, parseCookies, setCookie } from '../../http/cookies.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { Endpoint } from '../../http/server.ts'
import { placeOf } from '../session/sight.ts'

const COOKIE = 'sallyport_language'
const KEPT_SECONDS = 365 * 24 * 60 * 60

/** The parameter of the picker's links. */
const CHOICE = 'language'

export interface ReadingDeps {
  readonly issuer: string
  readonly theme: Theme
  /** ISO 3166-1 alpha-2 of an address, where something says it. */
  readonly countryOf?: ((address: string) => string | undefined) | undefined
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

const textOf = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined

/** Known by what the browser sends with everything: enough for an error's page, whose address may be no page at all. */
export function readerFrom({ issuer, theme }: ReadingDeps, headers: Headers): Reader {
  const kept = parseCookies(textOf(headers.cookie))[cookieName(issuer, COOKIE)]
  return {
    theme,
    chosen: isLanguage(kept) ? kept : undefined,
    accepted: acceptedLanguages(textOf(headers['accept-language'])),
  }
}

/** Addresses that others define, or that work once: nothing is added to them, and they are not repeated. */
const isProtocol = (path: string): boolean => /^\/(oauth|federation\/callback)\//.test(path) || path.endsWith('/start')

/** What our pages read from their addresses. Nothing else is repeated: it may be a secret that went astray. */
const KEPT = ['interaction', 'link', 'pending', 'user_code', 'done', 'after', 'ui_locales']

const keptIn = ({ query }: HttpRequest): [string, string][] =>
  KEPT.flatMap((name) => query.all(name).map((value): [string, string] => [name, value]))

/** A form that comes back with a fault has its link in its body, not in its address. */
function linkIn({ method, form }: HttpRequest): [string, string][] {
  const link = method === 'POST' ? form.get('link') : undefined
  return link === undefined ? [] : [['link', link]]
}

/** This page again, whose form GET shows at `path`. */
function addressIn(request: HttpRequest, path: string): Reader['addressIn'] {
  const parameters = [...keptIn(request), ...linkIn(request)]
  return (language) => `${path}?${new URLSearchParams([...parameters, [CHOICE, language]])}`
}

function choiceIn({ method, path, query }: HttpRequest): Language | undefined {
  if (method !== 'GET' || isProtocol(path) || query.repeated.size > 0) return undefined
  const choice = query.get(CHOICE)
  return isLanguage(choice) ? choice : undefined
}

/** Keeps the choice and shows the page without it in its address, so that it is not chosen again by going back. */
function keep({ issuer }: ReadingDeps, request: HttpRequest, choice: Language): Reply {
  const { path } = request
  const others = new URLSearchParams(keptIn(request))
  return {
    status: 303,
    headers: {
      location: others.size === 0 ? path : `${path}?${others}`,
      'set-cookie': setCookie(issuer, COOKIE, choice, KEPT_SECONDS),
    },
  }
}

const isPage = ({ errors }: Endpoint): boolean => errors === 'page'

/** Forms that GET shows at another address than the one that takes them. */
const SHOWN_AT: Readonly<Record<string, string>> = { '/account/data/erase': '/account/data' }

/** Endpoints that show no pages are left as they are. */
export function readable<E extends Endpoint>(deps: ReadingDeps, endpoints: readonly E[]): readonly E[] {
  const shown = new Set(endpoints.filter(({ method }) => method === 'GET').map(({ path }) => path))
  const hasPage = (path: string): boolean => shown.has(path) && !isProtocol(path)
  const read = (endpoint: E): E => ({ ...endpoint, handler: reading(deps, endpoint, hasPage) })
  return endpoints.map((endpoint) => (isPage(endpoint) ? read(endpoint) : endpoint))
}

const reading =
  (deps: ReadingDeps, { handler }: Endpoint, hasPage: (path: string) => boolean): Endpoint['handler'] =>
  async (request) => {
    const choice = choiceIn(request)
    if (choice !== undefined) return keep(deps, request, choice)
    const page = SHOWN_AT[request.path] ?? request.path
    const reader: Reader = {
      ...readerFrom(deps, request.headers),
      asked: request.query.get('ui_locales')?.split(' ').slice(0, MAX_ASKED),
      addressIn: hasPage(page) ? addressIn(request, page) : undefined,
      answersPost: request.method === 'POST',
      from: () => placeOf(request, deps.countryOf),
    }
    return readBy(reader, () => handler(request))
  }

const MAX_ASKED = 20
