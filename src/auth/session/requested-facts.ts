/** What an authorization request asks, as both stages of `authorize` take it. RFC 6749 4.1.1, OIDC Core 3.1.2.1 and 5.5. */
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import type { ClaimsAsked } from '../../storage/interaction-records.ts'
import { redirectKind } from '../client/redirect-uri.ts'
import type { PendingAuthorization } from './interaction.ts'

type Requested = DecisionInput<'authorize'>['requested']

export interface RequestedHow {
  /** Of a request by browser. */
  readonly responseType?: string
  /** Of a request by a device, RFC 8628. */
  readonly flow?: 'device' | undefined
  readonly challengeMethod: Requested['code_challenge_method']
  readonly pushed: boolean
}

/** Names of the claims asked for one by one, wherever they are to be told. */
const namesOfClaims = ({ userinfo = {}, idToken = {} }: ClaimsAsked): string[] => [
  ...new Set([...Object.keys(userinfo), ...Object.keys(idToken)]),
]

/** The levels that a sign-in is asked to reach. */
export const requestedLevels = ({
  acrValues,
  essentialAcr,
}: Pick<PendingAuthorization, 'acrValues' | 'essentialAcr'>): NonNullable<DecisionInput<'mfa'>['requested']> => ({
  ...(acrValues && { acr_values: [...acrValues] }),
  ...(essentialAcr && { essential_acr: [...essentialAcr] }),
})

export function requestedFacts(pending: PendingAuthorization, how: RequestedHow): Requested {
  const { prompt, claims, maxAgeSeconds } = pending
  return {
    response_type: how.responseType ?? 'none',
    scopes: [...pending.scopes],
    resources: [...pending.resources],
    code_challenge_method: how.challengeMethod,
    ...(how.flow === undefined ? { redirect: redirectKind(pending.redirectUri) } : { flow: how.flow }),
    pushed: how.pushed,
    ...(prompt && { prompt: [...prompt] }),
    ...(claims && { claims: namesOfClaims(claims) }),
    ...requestedLevels(pending),
    ...(maxAgeSeconds !== undefined && { max_age_seconds: maxAgeSeconds }),
  }
}
