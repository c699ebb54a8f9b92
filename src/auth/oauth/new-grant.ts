/** The grant that a person's answer brings into being. RFC 6749 1.3. */
import { orderedId } from '../../kernel/ids.ts'
import type { ClaimsAsked } from '../../storage/interaction-records.ts'
import type { ClientRecord, GrantRecord } from '../../storage/records.ts'
import type { LiveSession } from '../session/session.ts'

/** A spent code is remembered this much longer, so that its reuse is seen even where no token came of it. */
const REMEMBER_SECONDS = 5 * 60

export interface NewGrant {
  readonly client: ClientRecord
  readonly session: LiveSession
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly claims?: ClaimsAsked | undefined
  readonly nonce?: string | undefined
  readonly now: number
  readonly codeExpiresAt: number
}

export const newGrant = (of: NewGrant): GrantRecord => ({
  v: 1,
  grantId: orderedId(),
  clientId: of.client.clientId,
  sub: of.session.user.sub,
  sid: of.session.record.sid,
  scopes: of.scopes,
  audience: of.audience,
  acr: of.session.record.acr,
  amr: of.session.record.amr,
  authTime: of.session.record.authTime,
  // Both records were read before the decision: a revocation since then leaves this grant dead.
  userEpoch: of.session.user.revocationEpoch,
  clientEpoch: of.client.revocationEpoch,
  createdAt: of.now,
  expiresAt: of.codeExpiresAt + REMEMBER_SECONDS,
  revoked: false,
  ...(of.nonce !== undefined && { nonce: of.nonce }),
  ...(of.claims && { claims: of.claims }),
})
