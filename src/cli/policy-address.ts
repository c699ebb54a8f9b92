/** Where the policy API of a running instance is, and what a command shows it. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { Config } from '../config/schema.ts'
import { readAuthorities } from '../kernel/tls-files.ts'
import { DEV_CREDENTIALS } from './admin/credentials.ts'
import { type Invocation, UsageError } from './command.ts'
import { instanceAddress } from './instance-address.ts'

/** The identity that `system.authz` lets act. */
const OPERATOR = 'operator'

/** `--url`, else the configured address, else that of `serve --dev` here; one that means any is reached on loopback. */
export const policyAddress = (config: Config, invocation: Pick<Invocation, 'values'>): string =>
  instanceAddress(addressOf(config, invocation), config)

function addressOf({ policy }: Config, { values }: Pick<Invocation, 'values'>): string {
  // A command asks once and ends: what it trusts is its process's own.
  const ca = policy.client_tls?.ca_file
  if (ca !== undefined) trust(readAuthorities('policy.client_tls.ca_file', ca).toString())
  if (typeof values.url === 'string') return values.url
  if (policy.url !== undefined) return policy.url
  const dev = devInstance(policy)
  if (dev !== undefined) return dev.address
  const host = policy.host === '0.0.0.0' ? '127.0.0.1' : policy.host === '::' ? '::1' : policy.host
  return `${policy.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${policy.port}`
}

/** `--token-file`, else the operator's of `policy.credentials`, else `policy.token_file`; that of `serve --dev` for its own. */
export function callerHeaders(
  { policy }: Config,
  { values }: Pick<Invocation, 'values'>,
): Readonly<Record<string, string>> {
  const operator = policy.credentials.find(({ identity }) => identity === OPERATOR)?.token_file
  const dev = typeof values.url === 'string' ? undefined : devInstance(policy)
  const named = values['token-file']
  const file = typeof named === 'string' ? named : (operator ?? policy.token_file ?? dev?.tokenFile)
  if (file === undefined) return {}
  try {
    return { authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` }
  } catch {
    throw new UsageError(`the token file ${file} cannot be read`)
  }
}

/** What `serve --dev` left here, where the configuration is of no instance: it names no policy service and trusts no bundle key. */
function devInstance({ url, bundle }: Config['policy']): { address: string; tokenFile: string } | undefined {
  if (url !== undefined || bundle.keys.length > 0 || bundle.keys_file !== undefined) return undefined
  try {
    const { policy: address } = Object(JSON.parse(readFileSync(DEV_CREDENTIALS, 'utf8')))
    if (typeof address === 'string') return { address, tokenFile: join(dirname(DEV_CREDENTIALS), 'operator-token') }
  } catch {
    // There is none.
  }
  return undefined
}

const trust = (authorities: string): void => setDefaultCACertificates([...getCACertificates('default'), authorities])
