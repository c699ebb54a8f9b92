/** What a schema cannot say: rules between settings. Each answers the setting at fault and what to do about it. */
import { isIPv4, isIPv6 } from 'node:net'
import { isEntry } from '../egress/allow-list.ts'
import { federationObjection } from './federation-rules.ts'
import type { KeyPath } from './origin.ts'
import type { Config } from './schema.ts'
import type { SmtpConfig } from './sections/mail.ts'
import type { ServiceConfig } from './sections/services.ts'

export interface Objection {
  readonly path: KeyPath
  readonly message: string
}

type Rule = (config: Config) => Objection | undefined

export const isLoopback = (host: string): boolean =>
  host === 'localhost' ||
  host.endsWith('.localhost') ||
  host === '::1' ||
  host === '[::1]' ||
  /^127\.\d+\.\d+\.\d+$/.test(host)

const parsedUrl = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined)

const hasUserInfo = ({ username, password }: URL): boolean => username !== '' || password !== ''

const issuerIsUrl: Rule = ({ issuer }) => {
  const url = parsedUrl(issuer)
  const plain =
    url && (url.protocol === 'https:' || url.protocol === 'http:') && !url.search && !url.hash && !hasUserInfo(url)
  if (!plain || issuer.endsWith('/') || issuer.includes('?') || issuer.includes('#'))
    return {
      path: ['issuer'],
      message: 'must be an http(s) address without query, fragment or final slash (RFC 8414 2)',
    }
  // Every address is served from the root of the host; RFC 8414 3 has an issuer's path in the middle of another.
  if (url.pathname !== '/')
    return { path: ['issuer'], message: 'must be an address without a path: give the service a host name of its own' }
  return undefined
}

const issuerIsHttps: Rule = ({ issuer }) => {
  const url = parsedUrl(issuer)
  return url?.protocol === 'http:' && !isLoopback(url.hostname)
    ? { path: ['issuer'], message: 'must be https unless it is on loopback' }
    : undefined
}

const plainHttpStaysHome =
  (service: 'auth' | 'policy'): Rule =>
  (config) =>
    config.tls !== 'terminated' && config[service].tls === undefined && !isLoopback(config[service].host)
      ? {
          path: [service, 'host'],
          message: `plain http on an address that is not loopback; set ${service}.tls, or \`tls: terminated\` if a mesh or sidecar ends TLS`,
        }
      : undefined

const openPolicyApiHasCredentials: Rule = ({ policy }) =>
  !isLoopback(policy.host) && policy.credentials.length === 0 && policy.tls?.client_ca_file === undefined
    ? {
        path: ['policy', 'host'],
        message: 'the policy API leaves loopback only with policy.credentials or policy.tls.client_ca_file',
      }
    : undefined

const policyUrlIsSafe: Rule = ({ policy, tls }) => {
  if (policy.url === undefined) return undefined
  const url = parsedUrl(policy.url)
  // Shown as it is; a token has a setting of its own.
  if (url && hasUserInfo(url)) return { path: ['policy', 'url'], message: 'must hold no user and no password' }
  if (url?.protocol === 'https:') return undefined
  if (url?.protocol === 'http:' && (isLoopback(url.hostname) || tls === 'terminated')) return undefined
  return { path: ['policy', 'url'], message: 'must be an https address (http on loopback, or with `tls: terminated`)' }
}

const redisIsDescribed: Rule = ({ store }) => {
  if (store.kind !== 'redis') return undefined
  if (!store.redis) return { path: ['store', 'kind'], message: 'redis needs store.redis' }
  const { mode, sentinel_name, password, password_file } = store.redis
  if (mode === 'sentinel' && sentinel_name === undefined)
    return { path: ['store', 'redis', 'mode'], message: 'sentinel needs sentinel_name' }
  if (password !== undefined && password_file !== undefined)
    return { path: ['store', 'redis', 'password_file'], message: 'give password or password_file, not both' }
  const { tls, cert_file } = store.redis
  if (!tls && cert_file !== undefined)
    return { path: ['store', 'redis', 'cert_file'], message: 'is shown over TLS alone: set tls: true' }
  return undefined
}

const kekFromOnePlace: Rule = ({ kek, kek_file, kek_previous, kek_previous_file }) => {
  if (kek !== undefined && kek_file !== undefined)
    return {
      path: ['kek_file'],
      message: 'is set as well as kek (SALLYPORT_KEK): keep one; with --dev, unset SALLYPORT_KEK',
    }
  return kek_previous !== undefined && kek_previous_file !== undefined
    ? { path: ['kek_previous_file'], message: 'is set as well as kek_previous (SALLYPORT_KEK_PREVIOUS): keep one' }
    : undefined
}

const keysLiveLongEnough: Rule = ({ keys }) =>
  keys.rotate_seconds < keys.publish_seconds
    ? { path: ['keys', 'rotate_seconds'], message: 'must be keys.publish_seconds or more: the next key waits so long' }
    : undefined

const proxiesAreRanges: Rule = ({ auth }) => {
  const at = auth.trusted_proxies.findIndex((range) => !isRange(range))
  return at < 0 ? undefined : { path: ['auth', 'trusted_proxies', at], message: 'must be an address or a CIDR range' }
}

function isRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const longest = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0
  if (longest === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest)
}

const certificatesHaveSource: Rule = ({ auth }) => {
  const { mtls, tls, trusted_proxies } = auth
  if (mtls === undefined) return undefined
  const at = (key: string, message: string): Objection => ({ path: ['auth', 'mtls', key], message })
  if (mtls.from === 'tls' && tls === undefined) return at('from', 'tls needs auth.tls')
  if (mtls.from === 'header' && trusted_proxies.length === 0) return at('from', 'header needs auth.trusted_proxies')
  if (mtls.from === 'header' && mtls.port !== undefined) return at('port', 'is for certificates from tls')
  if (mtls.from === 'tls' && mtls.header !== undefined) return at('header', 'is for certificates from a header')
  return mtls.url === undefined || isSafeUrl(mtls.url, false)
    ? undefined
    : at('url', 'must be an https address without query')
}

const pairsAreWhole: Rule = ({ policy, store }) => {
  for (const [path, pair] of [
    [['policy', 'client_tls'], policy.client_tls],
    [['store', 'redis'], store.redis],
  ] as const)
    if (pair && (pair.cert_file === undefined) !== (pair.key_file === undefined))
      return {
        path: [...path, pair.cert_file === undefined ? 'key_file' : 'cert_file'],
        message: 'needs the other half: cert_file and key_file',
      }
  return undefined
}

const keyIdsAreUnique: Rule = ({ policy }) => {
  const all = [
    { at: ['policy', 'bundle'], keys: policy.bundle.keys },
    ...policy.bundles.map(({ keys }, index) => ({ at: ['policy', 'bundles', index], keys })),
  ]
  for (const { at, keys } of all) {
    const twice = repeated(keys.map((key) => key.id))
    if (twice >= 0) return { path: [...at, 'keys', twice, 'id'], message: 'is used twice' }
  }
  return undefined
}

const serviceNamesAreUnique: Rule = ({ services }) => {
  const at = repeated(services.map(({ name }) => name))
  return at < 0 ? undefined : { path: ['services', at, 'name'], message: 'is used twice' }
}

const servicesAreSafe: Rule = ({ services, tls }) => {
  for (const [at, service] of services.entries()) {
    const found = unsafeService(service, tls === 'terminated')
    if (found) return { ...found, path: ['services', at, ...found.path] }
  }
  return undefined
}

const SAFE_URL = 'must be an https address without query (http on loopback, or with `tls: terminated`)'

function isSafeUrl(text: string, plainIsSafe: boolean): boolean {
  const url = parsedUrl(text)
  if (!url || hasUserInfo(url) || url.search || url.hash) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && (plainIsSafe || isLoopback(url.hostname)))
}

function unsafeService({ url, credentials = {} }: ServiceConfig, plainIsSafe: boolean): Objection | undefined {
  if (!isSafeUrl(url, plainIsSafe)) return { path: ['url'], message: SAFE_URL }
  const { bearer, oauth2 } = credentials
  if (bearer && oauth2) return { path: ['credentials'], message: 'takes bearer or oauth2, not both' }
  if (bearer && (bearer.token === undefined) === (bearer.token_file === undefined))
    return { path: ['credentials', 'bearer'], message: 'needs token or token_file, not both' }
  if (!oauth2) return undefined
  if (!isSafeUrl(oauth2.token_url, plainIsSafe))
    return { path: ['credentials', 'oauth2', 'token_url'], message: SAFE_URL }
  return (oauth2.client_secret === undefined) === (oauth2.client_secret_file === undefined)
    ? { path: ['credentials', 'oauth2'], message: 'needs client_secret or client_secret_file, not both' }
    : undefined
}

const bundleNamesAreUnique: Rule = ({ policy }) => {
  const names = policy.bundles.map(({ name }) => name)
  const at = names.includes('sallyport') ? names.indexOf('sallyport') : repeated(names)
  return at < 0
    ? undefined
    : { path: ['policy', 'bundles', at, 'name'], message: 'is the name of another bundle: each has its own' }
}

/** Where a text stands that stood before; -1 for nowhere. */
const repeated = (texts: readonly string[]): number => texts.findIndex((text, index) => texts.indexOf(text) < index)

const egressListsTargets: Rule = ({ egress }) => {
  for (const [path, entries] of [
    [['egress', 'allow'], egress.allow],
    [['egress', 'clients', 'allow'], egress.clients.allow],
  ] as const) {
    const at = entries.findIndex((entry) => !isEntry(entry))
    if (at >= 0)
      return {
        path: [...path, at],
        message: 'must be a host, *.suffix, address or CIDR range, with :port or without ([…]:port around IPv6)',
      }
  }
  return undefined
}

const noticesAreSafe: Rule = ({ notices, tls }) => {
  for (const kind of ['webhooks', 'peers'] as const) {
    const at = notices[kind].findIndex(({ url }) => !isSafeUrl(url, tls === 'terminated'))
    if (at >= 0) return { path: ['notices', kind, at, 'url'], message: SAFE_URL }
  }
  return undefined
}

const mailIsDescribed: Rule = ({ mail }) => {
  const { from, smtp, directory } = mail
  if (smtp !== undefined && directory !== undefined)
    return { path: ['mail', 'directory'], message: 'is set as well as mail.smtp: keep one' }
  if (from === undefined)
    return smtp === undefined && directory === undefined
      ? undefined
      : { path: ['mail', 'from'], message: 'is needed: the sender, as `Name <name@example.com>`' }
  if (!/^[^<>\r\n]*<[^\s<>@]+@[^\s<>@]+>$|^[^\s<>@]+@[^\s<>@]+$/.test(from))
    return { path: ['mail', 'from'], message: 'must be an address, or `Name <name@example.com>`' }
  return smtp && smtpIsSafe(smtp)
}

function smtpIsSafe({ host, tls, username, password, password_file }: SmtpConfig): Objection | undefined {
  const at = (key: string, message: string): Objection => ({ path: ['mail', 'smtp', key], message })
  if (tls === 'none' && !isLoopback(host))
    return at('tls', 'none is for a server on loopback: use implicit or starttls')
  if (password !== undefined && password_file !== undefined)
    return at('password_file', 'is set as well as mail.smtp.password: keep one')
  const hasPassword = password !== undefined || password_file !== undefined
  return hasPassword === (username !== undefined)
    ? undefined
    : at(hasPassword ? 'username' : 'password_file', 'needs the other half: username and password_file')
}

/** Where security events go, each under a name of its own. */
const receiversAreSafe: Rule = ({ security_events: { webhooks, streams }, tls }) => {
  for (const [kind, receivers] of [
    ['webhooks', webhooks.map(({ name, url }) => ({ name, url, at: ['url'] }))],
    ['streams', streams.map(({ name, push }) => ({ name, url: push?.url, at: ['push', 'url'] }))],
  ] as const) {
    const path = ['security_events', kind]
    const unsafe = receivers.findIndex(({ url }) => url !== undefined && !isSafeUrl(url, tls === 'terminated'))
    if (unsafe >= 0) return { path: [...path, unsafe, ...(receivers[unsafe]?.at ?? [])], message: SAFE_URL }
    const twice = repeated(receivers.map(({ name }) => name))
    if (twice >= 0) return { path: [...path, twice, 'name'], message: 'is used twice' }
  }
  return undefined
}

const RULES: readonly Rule[] = [
  issuerIsUrl,
  issuerIsHttps,
  plainHttpStaysHome('auth'),
  plainHttpStaysHome('policy'),
  openPolicyApiHasCredentials,
  policyUrlIsSafe,
  redisIsDescribed,
  kekFromOnePlace,
  keysLiveLongEnough,
  proxiesAreRanges,
  certificatesHaveSource,
  pairsAreWhole,
  keyIdsAreUnique,
  serviceNamesAreUnique,
  servicesAreSafe,
  noticesAreSafe,
  receiversAreSafe,
  bundleNamesAreUnique,
  egressListsTargets,
  federationObjection,
  mailIsDescribed,
]

export const objections = (config: Config): readonly Objection[] =>
  RULES.map((rule) => rule(config)).filter((objection) => objection !== undefined)
