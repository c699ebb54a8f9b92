/** Where the policy API of a running instance is, and what a command shows it. */
import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { Config } from '../config/schema.ts'
import { readAuthorities } from '../kernel/tls-files.ts'
import { type Invocation, UsageError } from './command.ts'

/** The identity that `system.authz` lets act. */
const OPERATOR = 'operator'

/** `--url`, else the configured address; one that means any is reached on loopback. */
export function policyAddress({ policy }: Config, { values }: Pick<Invocation, 'values'>): string {
  // A command asks once and ends: what it trusts is its process's own.
  const ca = policy.client_tls?.ca_file
  if (ca !== undefined) trust(readAuthorities('policy.client_tls.ca_file', ca).toString())
  if (typeof values.url === 'string') return values.url
  if (policy.url !== undefined) return policy.url
  const host = policy.host === '0.0.0.0' ? '127.0.0.1' : policy.host === '::' ? '::1' : policy.host
  return `${policy.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${policy.port}`
}

/** `--token-file`, else the operator's of `policy.credentials`, else `policy.token_file`. */
export function callerHeaders(
  { policy }: Config,
  { values }: Pick<Invocation, 'values'>,
): Readonly<Record<string, string>> {
  const operator = policy.credentials.find(({ identity }) => identity === OPERATOR)?.token_file
  const file = typeof values['token-file'] === 'string' ? values['token-file'] : (operator ?? policy.token_file)
  if (file === undefined) return {}
  try {
    return { authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` }
  } catch {
    throw new UsageError(`the token file ${file} cannot be read`)
  }
}

const trust = (authorities: string): void => setDefaultCACertificates([...getCACertificates('default'), authorities])
