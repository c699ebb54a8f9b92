/** The formats that OPA's schema library knows; any other is met by all texts. */
import { type BuiltinContext, BuiltinError } from '../builtin.ts'
import { toBytes, toText } from '../encoding/url-escape.ts'
import { type GoUrl, parseUrl } from '../encoding/url-parse.ts'
import { parseAddress } from '../net/ip-network.ts'
import { compilePattern } from '../regex/search.ts'

type Check = (text: string, context: BuiltinContext) => boolean

export function meetsFormat(context: BuiltinContext, format: string, text: string): boolean {
  context.charge(text.length)
  return CHECKS.get(format)?.(text, context) ?? true
}

const DATE = /^\d{4}-\d\d-\d\d$/
const CLOCK = /^(\d{1,2}):(\d\d):(\d\d)(?:[.,]\d+)?(?:Z|[-+](\d\d):(\d\d))?$/

function isDate(text: string): boolean {
  if (!DATE.test(text)) return false
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number)
  const last = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
  return month >= 1 && month <= 12 && day >= 1 && day <= last
}

/** Go allows an offset of 24 hours and of 60 minutes. */
function isTime(text: string): boolean {
  const [whole, hour, minute, second, zoneHour = '0', zoneMinute = '0'] = CLOCK.exec(text) ?? []
  if (whole === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return false
  return Number(zoneHour) <= 24 && Number(zoneMinute) <= 60
}

/** A date or a time alone will do. */
function isDateTime(text: string): boolean {
  if (isDate(text) || isTime(text)) return true
  return text[10] === 'T' && isDate(text.slice(0, 10)) && /(Z|[-+]\d\d:\d\d)$/.test(text) && isTime(text.slice(11))
}

function urlOf(text: string): GoUrl | undefined {
  if (text.includes('\\')) return undefined
  try {
    return parseUrl(toBytes(text))
  } catch (error) {
    if (error instanceof BuiltinError) return undefined
    throw error
  }
}

function isUriTemplate(text: string): boolean {
  const url = urlOf(text)
  if (url === undefined) return false
  // Each brace that opens is closed.
  return toText(url.path)
    .split('{')
    .slice(1)
    .every((part) => part.includes('}'))
}

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?'
const HOSTNAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`)
const UUID = /^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$/i
const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/
const RELATIVE_POINTER = /^(?:0|[1-9][0-9]*)(?:#|(?:\/(?:[^~/]|~[01])*)*)$/

/** An address of RFC 5322, perhaps with a name before it. */
function isEmail(text: string): boolean {
  const [, name, inner] = /^([^<>]*)<([^<>]*)>[ \t]*$/.exec(text) ?? []
  if (inner === undefined) return isAddress(text.trim())
  const words = (name ?? '').replaceAll(/"(?:[^"\\]|\\.)*"/g, 'a').trim()
  return /^[^\s"(),:;<>@[\\\]]*(?:[ \t]+[^\s"(),:;<>@[\\\]]+)*$/.test(words) && isAddress(inner)
}

function isAddress(text: string): boolean {
  const at = text.lastIndexOf('@')
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)]
  if (at < 0 || !(isDotAtom(local) || /^"(?:[^"\\\r\n]|\\[^\r\n])*"$/.test(local))) return false
  if (domain.startsWith('[') && domain.endsWith(']')) return parseAddress(domain.slice(1, -1)) !== undefined
  return isDotAtom(domain)
}

const isDotAtom = (text: string): boolean =>
  text.split('.').every((atom) => /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]+$/u.test(atom))

function isRegex(text: string, context: BuiltinContext): boolean {
  try {
    compilePattern(context, text)
    return true
  } catch (error) {
    if (error instanceof BuiltinError) return false
    throw error
  }
}

const isUri: Check = (text) => (urlOf(text)?.scheme ?? '') !== ''
const isUriReference: Check = (text) => urlOf(text) !== undefined

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['date', isDate],
  ['time', isTime],
  ['date-time', isDateTime],
  ['hostname', (text) => text.length < 256 && HOSTNAME.test(text)],
  ['email', isEmail],
  ['idn-email', isEmail],
  ['ipv4', (text) => text.includes('.') && parseAddress(text) !== undefined],
  ['ipv6', (text) => text.includes(':') && parseAddress(text) !== undefined],
  ['uri', isUri],
  ['iri', isUri],
  ['uri-reference', isUriReference],
  ['iri-reference', isUriReference],
  ['uri-template', isUriTemplate],
  ['uuid', (text) => UUID.test(text)],
  ['regex', isRegex],
  ['json-pointer', (text) => POINTER.test(text)],
  ['relative-json-pointer', (text) => RELATIVE_POINTER.test(text)],
])
