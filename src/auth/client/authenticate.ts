/**
 * Client authentication at every endpoint that takes it: by secret, by assertion, by certificate, or none. RFC 6749 2.3,
 * RFC 7523 2.2, RFC 8705 2. A client that does not exist, and one that proves nothing, read the same; by secret they cost the same too. The method
 * that a client is registered for is its only one.
 */
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest } from '../../http/message.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { equalDigests } from '../../kernel/constant-time.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { ClientStore } from '../../storage/port.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { type AssertionFault, type ClientAssertions, isMisdirected, type Unfit } from './assertion.ts'
import {
  type CertificateFault,
  type CertificateMethod,
  type ClientCertificates,
  certificateMethod,
} from './certificate.ts'
import type { AuthMethod } from './client-facts.ts'
import {
  type AssertionSent,
  type ClientCredentials,
  readClientAssertion,
  readClientCredentials,
} from './credentials.ts'

export interface AuthenticateClientDeps {
  readonly store: { readonly clients: Pick<ClientStore, 'find'> }
  readonly assertions: ClientAssertions
  readonly certificates: ClientCertificates
  /** Absent: clients are not counted. */
  readonly rates?: Pick<RateLimits, 'client'> | undefined
  readonly audit: Audit
}

export interface AuthenticatedClient {
  readonly record: ClientRecord
  readonly authMethod: AuthMethod
  readonly tenant: string
}

/** Two comparisons for everyone, so that time tells nothing of how many secrets there are, or of none. */
const NO_SECRET = digestOf('')

function proves(record: ClientRecord | undefined, given: ClientCredentials): boolean {
  const presented = digestOf(given.secret)
  const [first = NO_SECRET, second = NO_SECRET] = record?.secretDigests ?? []
  const matchesFirst = equalDigests(presented, first)
  const matchesSecond = equalDigests(presented, second)
  if (record === undefined) return false
  if (record.type === 'public') return given.method === 'none'
  return given.secret !== '' && (matchesFirst || matchesSecond)
}

/** RFC 7591 3.2.1: `client_secret_expires_at`, whatever the secret is used for. */
const hasEnded = ({ secretExpiresAt }: ClientRecord, method: AuthMethod, { origin }: HttpRequest): boolean =>
  secretExpiresAt !== undefined && secretExpiresAt <= origin.time.epoch_seconds && method.startsWith('client_secret')

async function fail(
  deps: AuthenticateClientDeps,
  request: HttpRequest,
  record: ClientRecord | undefined,
  detail: AuthMethod | AssertionFault | CertificateFault,
): Promise<never> {
  await deps.audit({
    event: 'client_authentication_failed',
    tenant: request.tenant,
    request_id: request.id,
    ...(record === undefined ? { detail: 'unknown_client' } : { client_id: record.clientId, detail }),
  })
  throw new OAuthError('invalid_client')
}

/** RFC 7591 2: a client that registered a method uses no other. */
const isRegisteredFor = ({ metadata }: ClientRecord, method: AuthMethod): boolean =>
  metadata?.token_endpoint_auth_method === undefined || metadata.token_endpoint_auth_method === method

/** What is wrong for any client is told to whoever sent it, so that they can mend it. */
async function advise(deps: AuthenticateClientDeps, request: HttpRequest, { fault, advice }: Unfit): Promise<never> {
  const { tenant, id } = request
  await deps.audit({ event: 'client_authentication_failed', tenant, request_id: id, detail: fault })
  throw new OAuthError('invalid_client', { detail: advice })
}

async function byAssertion(
  deps: AuthenticateClientDeps,
  request: HttpRequest,
  sent: AssertionSent,
): Promise<AuthenticatedClient> {
  const { tenant } = request
  const read = deps.assertions.read(request, sent.assertion)
  if ('fault' in read) return advise(deps, request, read)
  const { clientId, method } = read
  if (sent.clientId !== undefined && sent.clientId !== clientId) return fail(deps, request, undefined, method)
  const record = await deps.store.clients.find(tenant, clientId)
  if (isMisdirected(record, read)) return fail(deps, request, record, 'assertion_audience')
  if (record === undefined || record.type === 'public' || !isRegisteredFor(record, method))
    return fail(deps, request, record, method)
  if (hasEnded(record, method, request)) return fail(deps, request, record, method)
  const fault = await deps.assertions.refuse(tenant, record, read)
  return fault === undefined ? { record, authMethod: method, tenant } : fail(deps, request, record, fault)
}

/** RFC 8705 2: the request names the client, the connection shows its certificate, and nothing else may authenticate. */
async function byCertificate(
  deps: AuthenticateClientDeps,
  request: HttpRequest,
  record: ClientRecord,
  method: CertificateMethod,
): Promise<AuthenticatedClient> {
  const fault = await deps.certificates.refuse(request, record, method)
  if (fault !== undefined) return fail(deps, request, record, fault)
  return { record, authMethod: method, tenant: request.tenant }
}

/**
 * The client that made this request. Throws invalid_client; inactive clients pass, since policy judges them. Requests are
 * counted once it is known whose they are, so that nobody uses up another's.
 */
export async function authenticateClient(
  deps: AuthenticateClientDeps,
  request: HttpRequest,
): Promise<AuthenticatedClient> {
  const client = await identify(deps, request)
  const waiting = deps.rates?.client(request, client.record)
  if (waiting !== undefined) await waiting
  return client
}

/** As authenticateClient, where one that proves nothing is not taken: RFC 7662 2.1. */
export async function authenticateConfidentialClient(
  deps: AuthenticateClientDeps,
  request: HttpRequest,
): Promise<AuthenticatedClient> {
  const client = await authenticateClient(deps, request)
  return client.authMethod === 'none' ? fail(deps, request, client.record, 'none') : client
}

async function identify(deps: AuthenticateClientDeps, request: HttpRequest): Promise<AuthenticatedClient> {
  const sent = readClientAssertion(request)
  if (sent !== undefined) return byAssertion(deps, request, sent)
  const given = readClientCredentials(request)
  const record = await deps.store.clients.find(request.tenant, given.clientId)
  const proven = proves(record, given)
  const shown = record && given.method === 'none' ? certificateMethod(record) : undefined
  if (record !== undefined && shown !== undefined) return byCertificate(deps, request, record, shown)
  if (
    record === undefined ||
    !proven ||
    !isRegisteredFor(record, given.method) ||
    hasEnded(record, given.method, request)
  )
    return fail(deps, request, record, given.method)
  return { record, authMethod: given.method, tenant: request.tenant }
}
