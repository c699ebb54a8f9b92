/** What the configuration says of the auth service, whichever shape it is served in. */
import type { AuthServiceOptions } from '../../auth/service.ts'
import type { Config } from '../../config/schema.ts'
import { federationProviders } from '../federation/settings.ts'
import { keyRules } from '../keys/configured.ts'
import { pageTheme } from '../pages/theme.ts'
import { authLimits } from './limits.ts'
import { mailSettings } from './mail.ts'
import { clientsReach, dpopRules } from './outside.ts'
import { passwordSettings } from './passwords.ts'
import { signalSettings } from './security-events.ts'
import { threatSettings } from './threats.ts'
import { authTransport } from './tls.ts'

export const authSettings = (config: Config) =>
  ({
    issuer: config.issuer,
    keys: keyRules(config),
    serveMetrics: config.auth.metrics,
    trustedProxies: config.auth.trusted_proxies,
    ...authTransport(config),
    ...authLimits(config),
    registration: config.auth.registration,
    providers: federationProviders(config),
    clientsReach: clientsReach(config),
    dpop: dpopRules(config),
    mail: mailSettings(config),
    theme: pageTheme(config),
    passkeys: { name: config.passkeys.name ?? config.pages.name, attestationRoots: config.passkeys.attestation_roots },
    passwordSettings: passwordSettings(config),
    signals: signalSettings(config),
    threats: threatSettings(config),
  }) satisfies Partial<AuthServiceOptions>
