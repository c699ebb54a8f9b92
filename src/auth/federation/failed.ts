/** A provider, or what it said, did not do: told to the log, the metric and the audit in a word, to the person in a page. */
import { federationFailedPage } from '../../../web/sign-in/federation.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { Verdict } from '../../policy-engine/decide.ts'
import type { FederationDeps } from './deps.ts'
import type { FederationError, FederationFailure } from './provider/failure.ts'
import type { ProviderOptions } from './provider/options.ts'
import type { Errand } from './trip.ts'

const RETRY_AFTER_SECONDS = 30

/** Ours or the provider's to mend, rather than the person's. */
const AWAY: ReadonlySet<FederationFailure> = new Set(['unavailable', 'pin_mismatch', 'tls_failed', 'wrong_metadata'])

/** Where the person tries again, or another way. */
const backTo = (errand: Errand | undefined): string | undefined => {
  if (errand === undefined) return undefined
  return errand.purpose === 'link'
    ? '/account/identities'
    : `/login?interaction=${encodeURIComponent(errand.interaction)}`
}

/** Of policy; `confirm_first`: the person can mend it; `not_now`: time does. */
type Refusal = 'denied' | 'confirm_first' | 'not_now'
const REFUSALS: ReadonlySet<string> = new Set<Refusal>(['denied', 'confirm_first', 'not_now'])
const isRefusal = (code: FederationFailure | Refusal): code is Refusal => REFUSALS.has(code)

/** Failures that have a page of their own: starting again would only lead back to it. */
const isTold = (code: FederationFailure | Refusal) =>
  code === 'refused_there' || code === 'not_anew' || code === 'wrong_organisation'

/** What the person reads of a deny, as far as it helps them. */
export function refusalOf({ reasons }: Extract<Verdict<'federation'>, { allow: false }>): Refusal {
  const all = (wanted: string) => reasons.length > 0 && reasons.every((reason) => reason === wanted)
  if (all('account_unverified')) return 'confirm_first'
  return all('too_risky') ? 'not_now' : 'denied'
}

export function failedReply(options: ProviderOptions, code: FederationFailure | Refusal, errand?: Errand): Reply {
  const refused = isRefusal(code)
  const away = !refused && AWAY.has(code)
  const told = refused || isTold(code) ? code : 'failed'
  const kind = away ? 'unavailable' : told
  const page = federationFailedPage({ provider: options.displayName, kind, backTo: backTo(errand) })
  const headers = away ? { ...page.headers, 'retry-after': String(RETRY_AFTER_SECONDS) } : page.headers
  return { status: away ? 503 : refused ? 403 : 400, headers, body: page.body }
}

export async function failed(
  deps: FederationDeps,
  request: HttpRequest,
  options: ProviderOptions,
  error: FederationError,
  errand?: Errand,
): Promise<Reply> {
  const { code } = error
  deps.logger.warn({ provider: options.id, failure: code, detail: error.message, request_id: request.id }, 'federation')
  deps.federationMetrics.outcomes.inc({ provider: options.id, outcome: code })
  await deps.audit({
    event: 'federation_failed',
    tenant: request.tenant,
    request_id: request.id,
    detail: code,
    resource: `provider/${options.id}`,
  })
  return failedReply(options, code, errand)
}

/** Why policy said no, in the audit log and the metric; the person reads that it is not allowed, or what they can do. */
export async function denied(
  deps: FederationDeps,
  request: HttpRequest,
  options: ProviderOptions,
  verdict: Extract<Verdict<'federation'>, { allow: false }>,
  errand?: Errand,
): Promise<Reply> {
  deps.federationMetrics.outcomes.inc({ provider: options.id, outcome: 'denied' })
  await deps.audit({
    event: 'federation_failed',
    tenant: request.tenant,
    request_id: request.id,
    decision_id: verdict.decisionId,
    detail: verdict.reasons[0] ?? 'denied',
    resource: `provider/${options.id}`,
  })
  return failedReply(options, refusalOf(verdict), errand)
}
