/** What the configuration says of identity providers, as the auth service takes it; secrets are read here. */
import { GITHUB_API, PRESETS, type ProviderOptions } from '../../auth/federation/provider/options.ts'
import type { Config } from '../../config/schema.ts'
import { readSecretFile } from '../../config/secrets.ts'
import type { ProviderConfig } from '../../config/sections/federation.ts'
import { ConfigError } from '../../kernel/errors.ts'
import { readAuthorities } from '../../kernel/tls-files.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Throws ConfigError on a file or variable that holds no secret. */
function secretOf(provider: ProviderConfig, env: Environment): string | undefined {
  const { id, client_secret, client_secret_file: file, client_secret_env: variable } = provider
  if (file !== undefined) return readSecretFile(file, `federation provider ${id}, client_secret_file`)
  if (variable === undefined) return client_secret
  const value = env[variable]
  if (value === undefined || value === '')
    throw new ConfigError(`federation provider ${id}: the environment variable ${variable} holds no client secret`)
  return value
}

function issuerOf({ id, kind, issuer, tenant }: ProviderConfig): string {
  const found = issuer ?? PRESETS[kind].issuer?.(tenant)
  if (found === undefined) throw new ConfigError(`federation provider ${id}: has no issuer`)
  return found
}

function providerOptions(provider: ProviderConfig, env: Environment): ProviderOptions {
  const { kind } = provider
  const preset = PRESETS[kind]
  return {
    id: provider.id,
    kind,
    displayName: provider.display_name ?? preset.displayName,
    issuer: issuerOf(provider),
    tenant: provider.tenant,
    hostedDomain: provider.hosted_domain,
    apiUrl: (provider.api_url ?? GITHUB_API).replace(/\/$/, ''),
    clientId: provider.client_id,
    clientSecret: secretOf(provider, env),
    authMethod: provider.token_endpoint_auth_method,
    scopes: provider.scopes ?? preset.scopes,
    responseMode: provider.response_mode,
    userinfo: provider.userinfo,
    pins: provider.pins,
    ca:
      provider.ca_file === undefined
        ? undefined
        : readAuthorities(`federation provider ${provider.id}, ca_file`, provider.ca_file).toString('utf8'),
    allow: provider.allow,
    timeoutMs: provider.timeout_ms,
    retries: provider.retries,
    breaker: { failures: provider.breaker.failures, resetMs: provider.breaker.reset_ms },
    clockToleranceSeconds: provider.clock_tolerance_seconds,
    dpop: provider.dpop,
    keepTokens: provider.keep_tokens,
    signOutReturns: provider.sign_out_returns,
    groupsClaim: provider.groups_claim,
    roles: provider.roles,
    attributes: provider.attributes,
  }
}

export const federationProviders = (
  { federation }: Pick<Config, 'federation'>,
  env: Environment = process.env,
): readonly ProviderOptions[] => federation.providers.map((provider) => providerOptions(provider, env))
