/** What the schema cannot say of identity providers: what each kind needs, whence secrets come, that pins have a backup. */
import { isEntry } from '../egress/allow-list.ts'
import type { KeyPath } from './origin.ts'
import type { Config } from './schema.ts'
import type { ProviderConfig } from './sections/federation.ts'

interface Said {
  readonly key: string
  readonly message: string
}

/** Addresses of ours below /federation. */
const RESERVED: ReadonlySet<string> = new Set(['callback', 'link', 'sign-out', 'start'])

type ProviderRule = (provider: ProviderConfig) => Said | undefined

const isPlainHttps = (text: string): boolean => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'https:' && !url.search && !url.hash && url.username === '' && url.password === ''
}

const idIsFree: ProviderRule = ({ id }) =>
  RESERVED.has(id) ? { key: 'id', message: 'is a word of our own addresses: take another' } : undefined

const kindHasWhatItNeeds: ProviderRule = ({ kind, issuer, tenant, hosted_domain, api_url }) => {
  if (kind === 'oidc' && issuer === undefined) return { key: 'issuer', message: 'is what kind oidc is known by' }
  if (kind === 'microsoft' && tenant === undefined)
    return {
      key: 'tenant',
      message: 'is needed: the id of one directory; `common` would let in people of any (nOAuth)',
    }
  if (kind !== 'microsoft' && tenant !== undefined) return { key: 'tenant', message: 'is for kind microsoft' }
  if (kind !== 'google' && hosted_domain !== undefined) return { key: 'hosted_domain', message: 'is for kind google' }
  if (kind !== 'github' && api_url !== undefined) return { key: 'api_url', message: 'is for kind github' }
  return undefined
}

const addressesAreSafe: ProviderRule = ({ issuer, api_url }) => {
  for (const [key, address] of [
    ['issuer', issuer],
    ['api_url', api_url],
  ] as const)
    if (address !== undefined && !isPlainHttps(address))
      return { key, message: 'must be an https address without query, fragment, user and password' }
  return undefined
}

const microsoftNamesItsTenant: ProviderRule = ({ kind, issuer, tenant = '' }) =>
  kind === 'microsoft' && issuer !== undefined && !issuer.includes(tenant)
    ? { key: 'issuer', message: 'must be that of the tenant: https://…/<tenant>/v2.0' }
    : undefined

const secretFromOnePlace: ProviderRule = (provider) => {
  const { client_secret, client_secret_file, client_secret_env, token_endpoint_auth_method: method } = provider
  const given = [client_secret, client_secret_file, client_secret_env].filter((one) => one !== undefined).length
  if (method === 'none' && given > 0)
    return { key: 'token_endpoint_auth_method', message: 'none shows no secret: take it out, or say how it is shown' }
  return method === 'none' || given === 1
    ? undefined
    : { key: 'client_id', message: 'needs one of client_secret_file, client_secret_env and client_secret' }
}

/** RFC 7469 4.3: a key that is lost or changed would otherwise lock everybody out. */
const pinsHaveBackup: ProviderRule = ({ pins }) =>
  pins.length > 0 && new Set(pins).size < 2
    ? { key: 'pins', message: 'need a backup beside the current one: the day the key changes, nobody comes in' }
    : undefined

const targetsAreEntries: ProviderRule = ({ allow }) =>
  allow.every(isEntry)
    ? undefined
    : { key: 'allow', message: 'must hold hosts, *.suffixes, addresses or CIDR ranges, with :port or without' }

const RULES: readonly ProviderRule[] = [
  idIsFree,
  kindHasWhatItNeeds,
  addressesAreSafe,
  microsoftNamesItsTenant,
  secretFromOnePlace,
  pinsHaveBackup,
  targetsAreEntries,
]

/** The first objection to the providers, if there is one. */
export function federationObjection({
  federation,
}: Config): { readonly path: KeyPath; readonly message: string } | undefined {
  const ids = new Set<string>()
  for (const [index, provider] of federation.providers.entries()) {
    const at = (key: string, message: string) => ({ path: ['federation', 'providers', index, key], message })
    if (ids.has(provider.id)) return at('id', 'is that of another provider: each has its own')
    ids.add(provider.id)
    for (const rule of RULES) {
      const said = rule(provider)
      if (said !== undefined) return at(said.key, said.message)
    }
  }
  return undefined
}
