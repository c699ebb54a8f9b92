/**
 * What a request proves that it holds: the key of its DPoP proof, RFC 9449 5 and 7. Nothing is asked of a request without
 * one. Where nonces are demanded, a proof without a good one is sent back with the nonce to use (8 and 9).
 */
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { ReplayStore } from '../../storage/port.ts'
import { type DpopProof, PROOF_FAULTS, type ProofFault, type ProofRules, readDpopProof } from './dpop.ts'
import type { DpopNonces } from './dpop-nonce.ts'
import { NOTHING_PROVED, type ProveSender, type SenderIs } from './sender.ts'

export interface SenderProverDeps {
  readonly rules: ProofRules
  /** Absent: none is demanded, and one that comes is not looked at. */
  readonly nonces?: DpopNonces | undefined
  readonly store: { readonly replay: ReplayStore }
  readonly audit: Audit
}

export interface SenderProver {
  readonly prove: ProveSender
  /** The nonce for the client's next proof, where the answer to this request should carry one. */
  nonceFor(requestId: string): string | undefined
}

export function senderProver(deps: SenderProverDeps): SenderProver {
  const { rules, nonces } = deps
  const offered = new Map<string, string>()

  const refuse = async (request: HttpRequest, fault: ProofFault, by?: SenderIs): Promise<never> => {
    const { tenant, id } = request
    const whose = by && { client_id: by.client_id, ...(by.sub !== undefined && { sub: by.sub }) }
    await deps.audit({ event: 'dpop_proof_rejected', tenant, request_id: id, detail: fault, ...whose })
    throw new OAuthError('invalid_dpop_proof', { detail: PROOF_FAULTS[fault] })
  }

  function checkNonce(demanded: DpopNonces, request: HttpRequest, { nonce }: DpopProof): void {
    const now = request.origin.time.epoch_seconds
    const found = nonce === undefined ? 'unknown' : demanded.judge(nonce, now)
    if (found === 'fresh') return
    offered.set(request.id, demanded.current(now))
    if (found === 'unknown') throw new OAuthError('use_dpop_nonce')
  }

  return {
    async prove(request, accessToken) {
      const text = request.headers.dpop
      if (text === undefined) return NOTHING_PROVED
      const proof = await readDpopProof(rules, request, text, accessToken)
      if (typeof proof === 'string') return refuse(request, proof)
      if (nonces !== undefined) checkNonce(nonces, request, proof)
      return {
        proved: { jkt: proof.jkt },
        async use(by) {
          // By key: what one names its proofs is nothing to another.
          const key = digestOf(JSON.stringify(['dpop', proof.jkt, proof.jti]))
          if (!(await deps.store.replay.firstUse(request.tenant, key, proof.expiresAt)))
            await refuse(request, 'replayed', by)
        },
      }
    },
    nonceFor(requestId) {
      const nonce = offered.get(requestId)
      if (nonce !== undefined) offered.delete(requestId)
      return nonce
    },
  }
}
