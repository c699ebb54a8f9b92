/** What a command shows the admin API: an access token, or a client's credentials, with which it gets one (RFC 6749 4.4). */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, DEFAULT_ISSUER } from '../../config/schema.ts'
import { ConfigError } from '../../kernel/errors.ts'
import { type Invocation, UsageError } from '../command.ts'
import { instanceAddress } from '../instance-address.ts'
import { findLogin } from '../login/saved-logins.ts'

export interface AdminAccess {
  /** Address of the auth service, without a final slash. */
  readonly base: string
  readonly caller:
    | { readonly token: string }
    | { readonly login: string }
    | { readonly clientId: string; readonly clientSecret: string }
}

/** Of every command that calls the admin API. */
export const ADMIN_OPTIONS = {
  url: { type: 'string', value: 'URL', help: 'auth service of the instance (default: the configured issuer)' },
  credentials: {
    type: 'string',
    value: 'FILE',
    help: 'client that may administer: JSON with client_id and client_secret (default: admin.credentials_file)',
  },
  'token-file': { type: 'string', value: 'FILE', help: 'an access token with scope admin, in place of credentials' },
  json: { type: 'boolean', help: 'print JSON' },
} as const

/** What `serve --dev` writes; its clients are of its own instance alone. */
export const DEV_CREDENTIALS = join('var', 'dev', 'credentials.json')

export function adminAccess(config: Config, { values }: Pick<Invocation, 'values'>): AdminAccess {
  const base = authAddress(config, { values })
  const tokenFile = values['token-file']
  if (typeof tokenFile === 'string') return { base, caller: { token: readText(tokenFile).trim() } }
  const file = typeof values.credentials === 'string' ? values.credentials : config.admin.credentials_file
  if (file !== undefined) return { base, caller: clientIn(readJson(file), file) }
  if (findLogin(base) !== undefined) return { base, caller: { login: base } }
  const known = devInstance()
  if (known === undefined || (values.url === undefined && known.issuer !== base))
    throw new UsageError(
      'who asks? Run sallyport login, give --credentials FILE (what POST /admin/clients answered) or --token-file FILE, or set admin.credentials_file',
    )
  return { base, caller: clientIn(Object(known.admin_client), DEV_CREDENTIALS) }
}

/** `--url`, else the issuer of `serve --dev` here where the configuration is of no instance, else the configured issuer. */
export function authAddress(config: Config, { values }: Pick<Invocation, 'values'>): string {
  if (typeof values.url === 'string') return instanceAddress(values.url, config)
  const issuer = isOfNoInstance(config) ? devInstance()?.issuer : undefined
  return instanceAddress(typeof issuer === 'string' ? issuer : config.issuer, config)
}

/** It names no issuer, nobody who administers, no policy service and no bundle key. */
const isOfNoInstance = ({ issuer, admin, policy: { url, bundle } }: Config): boolean =>
  issuer === DEFAULT_ISSUER &&
  admin.credentials_file === undefined &&
  url === undefined &&
  bundle.keys.length === 0 &&
  bundle.keys_file === undefined

const devInstance = (): Readonly<Record<string, unknown>> | undefined =>
  existsSync(DEV_CREDENTIALS) ? readJson(DEV_CREDENTIALS) : undefined

function clientIn(known: Readonly<Record<string, unknown>>, file: string): AdminAccess['caller'] {
  const { client_id: clientId, client_secret: clientSecret } = known
  if (typeof clientId === 'string' && typeof clientSecret === 'string') return { clientId, clientSecret }
  throw new ConfigError(`${file} must hold client_id and client_secret, as POST /admin/clients answered them`)
}

function readJson(file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readText(file))
    return Object(value)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError(`${file} is not JSON`)
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new ConfigError(`${file} cannot be read`)
  }
}
