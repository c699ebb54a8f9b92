/** Composes the auth service: every endpoint with what it uses, on one server. Nobody imports it but what starts it. */
import type { Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Asset } from '../../web/assets.ts'
import { PLAIN_THEME, type Theme } from '../../web/theme.ts'
import type { Audit, AuditListener } from '../audit/events.ts'
import { jsonReader } from '../egress/json-document.ts'
import { type EgressOptions, openEgress } from '../egress/open.ts'
import { createPressure, type PressureLimits } from '../http/pressure.ts'
import { alsoListen, buildServer, type Endpoint, type ServerOptions } from '../http/server.ts'
import type { ListenerTls } from '../http/tls.ts'
import { type MtlsOptions, openTransport } from '../http/transport.ts'
import { type Clock, systemClock } from '../kernel/clock.ts'
import type { Envelope } from '../kernel/envelope.ts'
import { type MailSettings, openMail } from '../mail/open.ts'
import type { Logger } from '../observability/logger.ts'
import { createMetrics, type Metrics } from '../observability/metrics.ts'
import type { Decide } from '../policy-engine/decide.ts'
import type { Store } from '../storage/port.ts'
import { recordActivity } from './account/record-activity.ts'
import { createVisits } from './account/visits.ts'
import { clientAssertions } from './client/assertion.ts'
import { clientCertificates } from './client/certificate.ts'
import { clientKeys } from './client/client-keys.ts'
import { offeredWith } from './client/metadata/offered.ts'
import { openRemoteJwks } from './client/remote-jwks.ts'
import { sealSecret } from './client/sealed-secret.ts'
import { configuredProviders } from './federation/provider/configured.ts'
import type { ProviderOptions } from './federation/provider/options.ts'
import type { Provider } from './federation/provider/provider.ts'
import { signOutOffers } from './federation/sign-out-offer.ts'
import { keyKeeper } from './keys/keeper.ts'
import { rewrap } from './keys/rewrap.ts'
import { DEFAULT_KEY_RULES, type KeyRules } from './keys/rules.ts'
import { keysHeardByAll, scheduleKeys } from './keys/schedule.ts'
import { enrolledFactors } from './mfa/enrolled.ts'
import { openRelyingParty } from './mfa/webauthn/relying-party.ts'
import { endGrantWith } from './oauth/grants/end-grant.ts'
import { renderErrorPage } from './pages/error-page.ts'
import { readable } from './pages/reading.ts'
import type { Route } from './route.ts'
import { routes } from './routes.ts'
import { type BackChannel, type BackChannelOptions, startBackChannel } from './session/back-channel-logout.ts'
import { deviceBinding } from './session/binding/device-binding.ts'
import { sessionContinuation } from './session/continue-session.ts'
import { endSession, endSessionsOf } from './session/end-session.ts'
import type { EnrolledFactors } from './session/subject-stage.ts'
import { otherWayIn } from './sign-in/other-way-in.ts'
import { type SignalOptions, startSignals } from './signals/service.ts'
import { createRateLimiter, type RateLimiterOptions } from './threat/limits/rate-limiter.ts'
import { sparedAddresses } from './threat/limits/spared.ts'
import { noticeOf } from './threat/notices.ts'
import { openThreats, type ThreatOptions, type Threats } from './threat/open.ts'
import { withCertificate } from './token/certificate-sender.ts'
import { dpopNonces } from './token/dpop-nonce.ts'
import { openKeyRing } from './token/key-ring.ts'
import { senderProver } from './token/prove-sender.ts'
import { openRootSecret } from './token/root-secret.ts'
import { subjectIdentifiers } from './token/subject-identifier.ts'
import { accessTokenVerifier } from './token/verify-access-token.ts'
import { notifyUser } from './user/notify.ts'
import type { PasswordHasher } from './user/password/hasher.ts'
import { openPasswords, type PasswordSettings } from './user/password/open.ts'
import { describe, failureReporter, mailWatch, measureOf, observed, strict } from './watch.ts'

export interface AuthServiceOptions {
  /** Address of this provider without a trailing slash: `iss` of all that it issues. */
  readonly issuer: string
  readonly store: Store
  readonly decide: Decide
  readonly audit: Audit
  readonly envelope: Envelope
  readonly logger: Logger
  /** How signing keys are kept. */
  readonly keys?: KeyRules
  readonly clock?: Clock
  readonly metrics?: Metrics
  /** Serves /metrics on this service too. */
  readonly serveMetrics?: boolean
  readonly policyReady?: () => boolean | Promise<boolean>
  readonly passwords?: PasswordHasher
  /** What hashes cost, how many are made at once, and which passwords may be set. */
  readonly passwordSettings?: PasswordSettings
  readonly trustedProxies?: readonly string[]
  /** Absent: plain http. */
  readonly tls?: ListenerTls | undefined
  /** Absent: nobody is asked for a certificate. */
  readonly mtls?: MtlsOptions | undefined
  /** Absent: nobody is refused for coming too often. */
  readonly rates?: Pick<RateLimiterOptions, 'table' | 'windowSeconds' | 'batchShare'> | undefined
  /** Absent: however much comes is taken. */
  readonly pressure?: PressureLimits | undefined
  readonly bodyLimitBytes?: number
  readonly headerLimitBytes?: number
  readonly requestTimeoutMs?: number
  /** Serves dynamic client registration (RFC 7591), where policy decides who registers; default true. */
  readonly registration?: boolean
  /** Identity providers that people may come in by. */
  readonly providers?: readonly ProviderOptions[]
  /** What clients may make this service reach, by the addresses that they register; default: every public one. */
  readonly clientsReach?: Pick<EgressOptions, 'allow' | 'unlisted'> & { readonly ca?: string }
  /** How often clients are told of a sign-out. */
  readonly backChannel?: Omit<BackChannelOptions, 'tenant'>
  /** Who hears of security events; default: nobody. */
  readonly signals?: SignalOptions | undefined
  /** From when on something is a signal of an attack. */
  readonly threats?: ThreatOptions
  /** Of DPoP proofs; default: no nonces, a minute. */
  readonly dpop?: { readonly nonces: boolean; readonly maxAgeSeconds: number }
  /** How letters to people leave; default: not at all. */
  readonly mail?: MailSettings | undefined
  /** Who we are to authenticators; files of roots by which attestations are verified. */
  readonly passkeys?: { readonly name: string; readonly attestationRoots: readonly string[] } | undefined
  /** Pages that belong to no protocol: the demo of `--dev`. */
  readonly extraEndpoints?: readonly Endpoint[]
  /** Whose pages they are, with the files that they name; default: ours. */
  readonly theme?: { readonly theme: Theme; readonly assets: readonly Asset[] }
}

export interface AuthService {
  /** Not listening yet. */
  readonly server: FastifyInstance
  /** The same endpoints on a further listener, not bound yet; it closes with the server. `asking`: for certificates. */
  anotherListener(asking?: boolean): Server
  readonly table: readonly Route[]
  readonly threats: Pick<Threats, 'settled' | 'introspections' | 'throttles' | 'recent'>
  close(): Promise<void>
}

const TENANT = 'default'

const buttonOf = ({ options: { id, displayName }, state }: Provider) => ({
  id,
  name: displayName,
  available: state === 'closed',
})

/** RFC 9449 8.2: with whatever the answer is. */
const withNonce = (headers: Readonly<Record<string, string>> | undefined, nonce: string | undefined) =>
  nonce === undefined ? headers : { ...headers, 'dpop-nonce': nonce }

/** Throws ConfigError on a store that was never initialised, EnvelopeError where the envelope key does not fit. */
export async function createAuthService(options: AuthServiceOptions): Promise<AuthService> {
  const { issuer, store, envelope, clock = systemClock, metrics } = options
  const listeners: AuditListener[] = []
  const audit = strict(options.audit, listeners, (error, { event }) =>
    options.logger.error({ ...describe(error), event }, 'a listener of security events failed'),
  )
  const { decide, answerHeaders } = observed(options.decide, audit)
  const rules = options.keys ?? DEFAULT_KEY_RULES
  const keys = await openKeyRing({ store, envelope, algorithms: rules.algorithms })
  const keeper = keyKeeper({ store, envelope, rules })
  const derive = await openRootSecret({ store, envelope })
  const mtls = options.mtls && { hasAuthorities: options.mtls.caFile !== undefined, aliasUrl: options.mtls.aliasUrl }
  const { nonces, maxAgeSeconds } = options.dpop ?? { nonces: false, maxAgeSeconds: 60 }
  const sender = senderProver({
    rules: { addresses: [issuer, ...(mtls?.aliasUrl === undefined ? [] : [mtls.aliasUrl])], maxAgeSeconds },
    nonces: nonces ? dpopNonces(derive) : undefined,
    store,
    audit,
  })
  const { ca, ...reach } = options.clientsReach ?? { allow: [], unlisted: 'public' }
  const egress = openEgress(reach)
  const egressTls = ca === undefined ? undefined : { ca }
  const readJson = jsonReader(egress, egressTls)
  const subjectOf = subjectIdentifiers(derive)
  const ending = { store, clock, audit, logoutsWait: () => backChannel.wake() }
  const keysOfClients = clientKeys(openRemoteJwks({ readJson, clock }))
  const measured = metrics ?? createMetrics('auth')
  const spares = sparedAddresses((options.trustedProxies ?? []).length > 0)
  const counted =
    options.rates &&
    createRateLimiter({
      ...options.rates,
      spares,
      tenant: TENANT,
      store,
      clock,
      audit,
      metrics: measured,
      onFailure: (error) => options.logger.warn({ err: error }, 'rate limits are not shared while the store is away'),
    })
  const mail = await openMail(options.mail, {
    clock,
    ...mailWatch({ audit, metrics: measured, logger: options.logger, tenant: TENANT }),
  })
  const threats = openThreats(
    {
      ...{ store, clock, derive, decide, audit, metrics: measured, spares, tenant: TENANT },
      act: {
        endSession: (tenant, session) => endSession(ending, tenant, session, 'all'),
        endSessions: (tenant, sub, ends, butSid) => endSessionsOf(ending, tenant, sub, butSid, ends),
        notify: (user, signal, done) => notifyUser({ issuer, mail, clock }, user, noticeOf(signal, done)),
      },
      onFailure: (error, what) => options.logger.warn(describe(error), what),
    },
    options.threats,
  )
  listeners.push(threats.hear)
  const { assessRisk, assessClient, countryOf } = threats
  const enrolled: EnrolledFactors = (tenant, user) => enrolledFactors(store, tenant, user)
  const continueSession = sessionContinuation({ ...ending, issuer, decide, assessRisk, enrolled })
  const rates = threats.throttles.before(counted)
  const providers = await configuredProviders(options.providers ?? [], {
    clock,
    logger: options.logger,
    metrics: measured,
  })
  const people = await openPasswords(options.passwordSettings, { issuer, metrics: measured, hasher: options.passwords })
  const outgoing = { issuer, keys, subjectOf, egress, egressTls, logger: options.logger }
  const signals = startSignals(
    { ...outgoing, store, envelope, clock, audit, decide, metrics: measured.signals },
    TENANT,
    options.signals ?? { receivers: [] },
  )
  const visits = createVisits(countryOf)
  const onFailure = (error: unknown) => options.logger.error(describe(error), 'activity of a person is not recorded')
  const activity = recordActivity({ store, clock, visits, onFailure })
  listeners.push(signals.hear, activity.hear)
  const { theme, assets } = options.theme ?? { theme: PLAIN_THEME, assets: [] }
  const reading = { issuer, theme, countryOf }
  const given = routes({
    assets,
    rates,
    spares,
    issuer,
    decide,
    signals,
    hearsOfSessions: signals.hearsOfSessions,
    signalMetrics: measured.signals,
    ...ending,
    registration: options.registration ?? true,
    readJson,
    offered: () => offeredWith(keys.algorithms(), mtls),
    keys,
    keeper,
    envelope,
    rewrap: (tenant) => rewrap({ store, envelope, heardByAll: keysHeardByAll }, tenant),
    proveSender: withCertificate(sender.prove),
    sealSecret: (tenant, clientId, secret) => sealSecret(envelope, tenant, clientId, secret),
    assertions: clientAssertions({ issuer, store, envelope, keys: keysOfClients }),
    certificates: clientCertificates(keysOfClients),
    mtls,
    subjectOf,
    binding: deviceBinding({ issuer, derive }),
    continueSession,
    verifyAccessToken: accessTokenVerifier({ keys, issuer }),
    endGrant: endGrantWith(audit),
    ...people.parts,
    mail,
    ...{ assessRisk, assessClient, countryOf },
    introspected: threats.introspections.count,
    recentRisk: threats.recent.riskOf,
    enrolled,
    otherWayIn: otherWayIn(store, (provider) => providers.find(provider) !== undefined),
    relyingParty: openRelyingParty(issuer, options.passkeys),
    policyReady: options.policyReady ?? (() => true),
    keysReady: keys.isReady,
    metrics: options.serveMetrics ? metrics : undefined,
    federationMetrics: measured.federation,
    providers,
    providerButtons: () => providers.all.map(buttonOf),
    alsoAt: signOutOffers(issuer, providers),
    logger: options.logger,
  })
  const table = visits.over(given)
  const sending = { ...ending, ...outgoing, metrics }
  const backChannel: BackChannel = startBackChannel(sending, { tenant: TENANT, ...options.backChannel })
  const { bodyLimitBytes, headerLimitBytes, requestTimeoutMs } = options
  const transport = openTransport({
    tls: options.tls,
    mtls: options.mtls,
    trustedProxies: options.trustedProxies ?? [],
    clock,
    logger: options.logger,
    metrics: measured,
  })
  const pressure = options.pressure && createPressure({ ...options.pressure, metrics: measured.pressure })
  const serving: ServerOptions = {
    rates,
    pressure,
    endpoints: readable(reading, [...table, ...(options.extraEndpoints ?? [])]),
    issuer,
    tenant: TENANT,
    clock,
    tls: transport.tls,
    certificates: transport.certificates,
    trustedProxies: options.trustedProxies ?? [],
    onUnnamedProxy: () =>
      options.logger.warn(
        'X-Forwarded-For came from an address that auth.trusted_proxies does not name, and counts for nothing: name your proxies there, else nobody who comes through one is told from the others',
      ),
    renderErrorPage: renderErrorPage(reading),
    answerHeaders: (requestId) => withNonce(answerHeaders(requestId), sender.nonceFor(requestId)),
    onFailure: failureReporter(options),
    ...(metrics && { onAnswer: measureOf(metrics) }),
    ...(bodyLimitBytes !== undefined && { bodyLimitBytes }),
    ...(headerLimitBytes !== undefined && { headerLimitBytes }),
    ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
  }
  const server = buildServer(serving)
  server.addHook('onClose', async () => {
    transport.close()
    pressure?.close()
  })
  const stopKeeping = scheduleKeys({ ring: keys, keeper, audit, logger: options.logger })
  const close = async () => {
    signals.release()
    await server.close()
    await activity.settled()
    await threats.close()
    await mail.close()
    await providers.close()
    await people.close()
    await backChannel.close()
    await signals.close()
    await stopKeeping()
    await egress.close()
  }
  const anotherListener = (asking = false) =>
    alsoListen(server, serving, asking ? transport.certificateTls : transport.tls)
  return { server, table, threats, anotherListener, close }
}
