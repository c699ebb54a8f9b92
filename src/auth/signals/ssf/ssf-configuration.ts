/** What this transmitter of Security Event Tokens offers: GET /.well-known/ssf-configuration. SSF 1.0 7.1. Public. */
import type { Reply } from '../../../http/message.ts'
import type { Signals } from '../service.ts'

export const DELIVERY = { push: 'urn:ietf:rfc:8935', poll: 'urn:ietf:rfc:8936' } as const

const MAX_AGE_SECONDS = 5 * 60

/** Where clients make streams, both ways are theirs to choose; else those that the configuration chose. */
function methodsOf({ managed, streams }: Pick<Signals, 'managed' | 'streams'>): readonly string[] {
  const isUsed = (method: keyof typeof DELIVERY) =>
    managed || streams.some(({ delivery }) => delivery.method === method)
  return (['push', 'poll'] as const).filter(isUsed).map((method) => DELIVERY[method])
}

export const ssfConfiguration = async ({
  issuer,
  signals,
}: {
  readonly issuer: string
  readonly signals: Pick<Signals, 'managed' | 'streams'>
}): Promise<Reply> => ({
  status: 200,
  headers: { 'cache-control': `public, max-age=${MAX_AGE_SECONDS}`, 'access-control-allow-origin': '*' },
  body: {
    spec_version: '1_0',
    issuer,
    jwks_uri: `${issuer}/oauth/jwks`,
    delivery_methods_supported: methodsOf(signals),
    configuration_endpoint: `${issuer}/ssf/streams`,
    status_endpoint: `${issuer}/ssf/status`,
    verification_endpoint: `${issuer}/ssf/verify`,
    // 7.1.1: an access token of this issuer.
    authorization_schemes: [{ spec_urn: 'urn:ietf:rfc:6749' }],
    // A stream is about whoever policy lets its receiver hear of, without being asked.
    default_subjects: 'ALL',
    // Who passes over the session takes what happened to it for something that happened to all of them (3.3.1).
    critical_subject_members: ['user', 'session'],
  },
})
