/**
 * What a policy may say in `http.send` (OPA, "HTTP"): each member read and judged as OPA does. Members that are not OPA's make
 * the call fail; of texts the quotes around them are taken off.
 */
import { numberText } from '../../wasm/number.ts'
import { writeTerm } from '../../wasm/term-text.ts'
import { isNumber, isObject, kindOf, type RegoObject, RegoSet, type Value } from '../../wasm/value.ts'
import { BuiltinError } from '../builtin.ts'
import { toBytes } from '../encoding/url-escape.ts'
import { parseUrl } from '../encoding/url-parse.ts'
import { writeGoJson } from '../json/go-json.ts'
import { operandError } from '../operands.ts'
import { quoteGo } from '../text/go-text.ts'
import { parseDuration } from '../time/duration.ts'
import { NetworkFailure } from './failure.ts'
import type { Decoding } from './response.ts'
import type { TlsSources } from './tls.ts'

export interface SendRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly redirects: number
  readonly timeoutMs: number
  readonly retries: number
  readonly tls: TlsSources
  readonly decoding: Decoding
  /** Undefined: kept within the decision only. `forSeconds`: kept that long, whatever the answer says. */
  readonly caching: { readonly forSeconds?: number } | undefined
}

const TEXTS = [
  'method',
  'url',
  'raw_body',
  'tls_ca_cert',
  'tls_ca_cert_file',
  'tls_ca_cert_env_variable',
  'tls_client_cert',
  'tls_client_cert_file',
  'tls_client_cert_env_variable',
  'tls_client_key',
  'tls_client_key_file',
  'tls_client_key_env_variable',
  'tls_server_name',
] as const
const OTHERS = [
  'body',
  'cache',
  'cache_ignored_headers',
  'caching_mode',
  'enable_redirect',
  'force_cache',
  'force_cache_duration_seconds',
  'force_json_decode',
  'force_yaml_decode',
  'headers',
  'max_retry_attempts',
  'raise_error',
  'timeout',
  'tls_insecure_skip_verify',
  'tls_use_system_certs',
] as const
const MEMBERS: ReadonlySet<Value> = new Set<Value>([...TEXTS, ...OTHERS])

const DEFAULT_TIMEOUT_MS = 5000
/** What a policy that wants no timeout gets; the deadline of its decision ends it sooner. */
const LONGEST_TIMEOUT_MS = 60_000
const MAX_REDIRECTS = 10
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Whether a failure is the policy's: its expression is undefined then. Judged before anything else. */
export function raisesError(request: RegoObject): boolean {
  const value = request.get('raise_error')
  if (value === undefined || typeof value === 'boolean') return value ?? true
  throw new BuiltinError('invalid value for raise_error field')
}

/** Throws BuiltinError. */
export function readRequest(request: RegoObject): SendRequest {
  checkMembers(request)
  const texts = readTexts(request)
  const headers = readHeaders(request.get('headers'))
  const method = texts.method?.toUpperCase() || 'GET'
  if (!TOKEN.test(method)) throw new BuiltinError(`net/http: invalid method ${quoteGo(method)}`)
  const body = request.get('body')
  return {
    method,
    url: readUrl(texts.url ?? ''),
    headers,
    body: texts.raw_body ?? (body === undefined ? undefined : writeGoJson(body)),
    redirects: readFlag(request, 'enable_redirect') ? MAX_REDIRECTS : 0,
    timeoutMs: readTimeout(request.get('timeout')),
    retries: readCount(request, 'max_retry_attempts'),
    tls: {
      useSystemCerts: readFlag(request, 'tls_use_system_certs'),
      insecure: readFlag(request, 'tls_insecure_skip_verify'),
      serverName: texts.tls_server_name || undefined,
      ca: sources('tls_ca_cert', texts),
      cert: sources('tls_client_cert', texts),
      key: sources('tls_client_key', texts),
    },
    decoding: { json: readBoolean(request, 'force_json_decode'), yaml: readBoolean(request, 'force_yaml_decode') },
    caching: readCaching(request),
  }
}

function checkMembers(request: RegoObject): void {
  const keys = request.keys()
  const foreign = keys.filter((key) => !MEMBERS.has(key))
  const say = (what: string, names: readonly Value[]) =>
    operandError(1, `${what} request parameters(s): ${writeTerm(new RegoSet(names), quoteGo)}`)
  if (foreign.length > 0) throw say('invalid', foreign)
  const missing = ['method', 'url'].filter((key) => !request.has(key))
  if (missing.length > 0) throw say('missing required', missing)
}

type Texts = Partial<Record<(typeof TEXTS)[number], string>>

function readTexts(request: RegoObject): Texts {
  const texts: Texts = {}
  for (const name of TEXTS) {
    const value = request.get(name)
    if (value === undefined) continue
    if (typeof value !== 'string') throw new BuiltinError(`${quoteGo(name)} must be a string`)
    texts[name] = value.replace(/^"+|"+$/g, '')
  }
  return texts
}

const sources = (name: 'tls_ca_cert' | 'tls_client_cert' | 'tls_client_key', texts: Texts) => ({
  inline: texts[name] || undefined,
  file: texts[`${name}_file`] || undefined,
  variable: texts[`${name}_env_variable`] || undefined,
})

function readUrl(text: string): URL {
  // What Go cannot read is a fault of the request; what it reads and cannot reach, one of the network.
  parseUrl(toBytes(text))
  if (!URL.canParse(text)) throw new NetworkFailure('unsupported protocol scheme, or no host', false)
  return new URL(text)
}

/** Theirs, in the spelling that they have; what describes the message itself is ours to say. */
const OURS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function readHeaders(given: Value | undefined): Record<string, string> {
  if (given === undefined) return {}
  if (!isObject(given)) throw new BuiltinError('invalid type for headers key')
  const headers: Record<string, string> = {}
  for (const [key, value] of given) {
    const name = (typeof key === 'string' ? key : writeGoJson(key)).toLowerCase()
    if (typeof value !== 'string') throw new BuiltinError(`invalid type for headers value of ${quoteGo(name)}`)
    if (!OURS.has(name)) headers[name] = value
  }
  return headers
}

/** As Go's strconv.ParseBool reads the term's text: 1 and 0 are booleans too. */
function readFlag(request: RegoObject, name: string): boolean {
  const value = request.get(name) ?? false
  if (typeof value === 'boolean') return value
  if (isNumber(value) && /^[01]$/.test(numberText(value))) return numberText(value) === '1'
  throw new BuiltinError(`strconv.ParseBool: parsing ${quoteGo(writeTerm(value, quoteGo))}: invalid syntax`)
}

function readBoolean(request: RegoObject, name: string): boolean {
  const value = request.get(name) ?? false
  if (typeof value === 'boolean') return value
  throw new BuiltinError(`invalid value for ${quoteGo(name)} field`)
}

function readCount(request: RegoObject, name: string): number {
  const value = request.get(name)
  if (value === undefined) return 0
  if (isNumber(value) && /^\d{1,10}$/.test(numberText(value))) return Number(numberText(value))
  throw new BuiltinError(`invalid value ${writeTerm(value, quoteGo)} for field ${quoteGo(name)}`)
}

const INT64 = /^-?\d{1,19}$/

function readTimeout(value: Value | undefined): number {
  if (value === undefined) return DEFAULT_TIMEOUT_MS
  if (isNumber(value)) {
    if (INT64.test(numberText(value))) return milliseconds(BigInt(numberText(value)))
    throw new BuiltinError(`invalid timeout number value ${numberText(value)}, must be int64`)
  }
  if (typeof value !== 'string') {
    throw operandError(1, `'timeout' must be one of {string, number} but got ${kindOf(value)}`)
  }
  if (/^[+-]?\d{1,19}$/.test(value)) return milliseconds(BigInt(value))
  if (/[dwy]/.test(value)) throw new BuiltinError(`invalid timeout value ${quoteGo(value)}: time: invalid duration`)
  return milliseconds(parseDuration(value))
}

/** None, or less, is no timeout to Go. */
function milliseconds(ns: bigint): number {
  if (ns <= 0n) return LONGEST_TIMEOUT_MS
  return Math.min(Math.max(Number(ns) / 1e6, 1), LONGEST_TIMEOUT_MS)
}

function readCaching(request: RegoObject): SendRequest['caching'] {
  const cache = readBoolean(request, 'cache')
  if (!readBoolean(request, 'force_cache')) return cache ? {} : undefined
  const value = request.get('force_cache_duration_seconds')
  if (value === undefined) {
    throw new BuiltinError("'force_cache' set but 'force_cache_duration_seconds' parameter is missing")
  }
  const text = isNumber(value) ? numberText(value) : writeTerm(value, quoteGo)
  if (!/^-?\d{1,10}$/.test(text) || Math.abs(Number(text)) > 2 ** 31 - 1) {
    throw new BuiltinError(`strconv.ParseInt: parsing ${quoteGo(text)}: invalid syntax`)
  }
  return Number(text) > 0 ? { forSeconds: Number(text) } : {}
}
