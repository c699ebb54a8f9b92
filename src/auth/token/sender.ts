/**
 * The keys that a request proves it holds, and the tokens that are bound to them. RFC 7800 3.1; RFC 9449 5 and 6 (DPoP),
 * RFC 8705 3 (certificates). Policy obliges what a token is bound to, of what was proved.
 */
import type { HttpRequest } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { DecisionInput, Obligations } from '../../policy-engine/contract/index.ts'
import type { Confirmation } from '../../storage/records.ts'

export interface Sender {
  /** What this request proved; no member where it proved nothing. */
  readonly proved: Confirmation
  /**
   * Spends the proof, last of all that is checked. Throws where it was spent before, and audit tells of whom: `by`, where they have
   * shown that it is they, or hold what is theirs.
   */
  use(by?: SenderIs): Promise<void>
}

/** Of a token or grant that was presented, or a client that authenticated. */
export interface SenderIs {
  readonly client_id: string
  readonly sub?: string | undefined
}

/** Throws where a proof came that is none. `accessToken`: what the proof must be made for (RFC 9449 4.2, `ath`). */
export type ProveSender = (request: HttpRequest, accessToken?: string) => Promise<Sender>

export const NOTHING_PROVED: Sender = { proved: {}, async use() {} }

type SenderFacts = Pick<DecisionInput<'token'>, 'sender'>

const NO_FACTS: SenderFacts = {}

export function senderFacts({ proved }: Sender): SenderFacts {
  if (proved === NOTHING_PROVED.proved) return NO_FACTS
  return { sender: { dpop: proved.jkt !== undefined, certificate: proved['x5t#S256'] !== undefined } }
}

/** What the tokens are bound to. Throws where policy wants a key that the request did not prove: nothing is issued unbound. */
export function bindingOf(
  constraint: Obligations<'token'>['sender_constraint'],
  { proved }: Sender,
): Confirmation | undefined {
  const { jkt, 'x5t#S256': thumbprint } = proved
  switch (constraint) {
    case 'none':
      return undefined
    case 'dpop':
      if (jkt === undefined) throw new OAuthError('invalid_dpop_proof')
      return { jkt }
    case 'mtls':
      if (thumbprint === undefined)
        throw new OAuthError('invalid_request', { detail: 'This request needs a client certificate.' })
      return { 'x5t#S256': thumbprint }
  }
}

/** Whether the request proved every key that a token is bound to; of an unbound token nothing is asked. */
export const isProved = (bound: Confirmation | undefined, { proved }: Sender): boolean =>
  bound === undefined ||
  ((bound.jkt === undefined || bound.jkt === proved.jkt) &&
    (bound['x5t#S256'] === undefined || bound['x5t#S256'] === proved['x5t#S256']))

/** RFC 9449 5: the type is what tells a client that its tokens need proofs. RFC 8705 has Bearer. */
export const tokenType = (bound: Confirmation | undefined): 'Bearer' | 'DPoP' =>
  bound?.jkt === undefined ? 'Bearer' : 'DPoP'
