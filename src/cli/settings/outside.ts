/** What policies and clients may reach, as the policy engine takes it. The values of listed environment variables are read here, once. */
import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import type { AuthServiceOptions } from '../../auth/service.ts'
import type { Config } from '../../config/schema.ts'
import { ConfigError } from '../../kernel/errors.ts'
import type { OutsideSettings } from '../../policy-engine/node/outside.ts'

/** Throws ConfigError where a listed variable is not set: the policy that names it would fail later, and less plainly. */
export function outsideSettings(
  { egress }: Pick<Config, 'egress'>,
  environment: Readonly<Record<string, string | undefined>>,
): OutsideSettings {
  const variables: Record<string, string> = {}
  for (const name of egress.variables) {
    const value = environment[name]
    if (value === undefined) throw new ConfigError(`egress.variables: ${name} is not set`)
    variables[name] = value
  }
  return {
    allow: egress.allow,
    unlisted: egress.policies === 'public' ? 'public' : 'none',
    answerBytes: egress.answer_bytes,
    cacheBytes: egress.cache_bytes,
    files: egress.files,
    variables,
  }
}

/** What is asked of proofs of possession. */
export const dpopRules = ({ dpop }: Pick<Config, 'dpop'>): NonNullable<AuthServiceOptions['dpop']> => ({
  nonces: dpop.nonce === 'required',
  maxAgeSeconds: dpop.max_age_seconds,
})

/** What clients may make the auth service reach. */
export function clientsReach({ egress }: Pick<Config, 'egress'>): NonNullable<AuthServiceOptions['clientsReach']> {
  const { allow, unlisted, ca_file: caFile } = egress.clients
  if (caFile === undefined) return { allow, unlisted }
  try {
    return { allow, unlisted, ca: [...rootCertificates, readFileSync(caFile, 'utf8')].join('\n') }
  } catch (cause) {
    throw new ConfigError(`egress.clients.ca_file: ${caFile} cannot be read`, { cause })
  }
}
