/**
 * Nonces that a server demands in DPoP proofs, so that none can be made in advance. RFC 9449 8 and 9. Nothing is stored: a
 * nonce is the MAC of its stretch of time under a key that all nodes derive from the same secret, so each knows those of the
 * others. Until its stretch and the next are over, it is good.
 */
import { createHmac, createSecretKey } from 'node:crypto'
import { equalSecrets } from '../../kernel/constant-time.ts'
import type { DeriveKey } from './root-secret.ts'

export interface DpopNonces {
  current(nowSeconds: number): string
  /** `old`: still good, and about to end: a new one goes with the answer. */
  judge(nonce: string, nowSeconds: number): 'fresh' | 'old' | 'unknown'
}

export const NONCE_SECONDS = 60
const MAC_LENGTH = 22

export function dpopNonces(derive: DeriveKey): DpopNonces {
  const bytes = derive('DPoP nonces')
  const key = createSecretKey(bytes)
  bytes.fill(0)

  const stretchAt = (nowSeconds: number) => Math.floor(nowSeconds / NONCE_SECONDS)
  const nonceOf = (stretch: number): string => {
    const mac = createHmac('sha256', key).update(`${stretch}`).digest('base64url').slice(0, MAC_LENGTH)
    return `${stretch.toString(36)}.${mac}`
  }

  return {
    current: (nowSeconds) => nonceOf(stretchAt(nowSeconds)),
    judge(nonce, nowSeconds) {
      const named = Number.parseInt(nonce.split('.')[0] ?? '', 36)
      const stretch = stretchAt(nowSeconds)
      // The next one too: another node's clock may be ahead by a little.
      if (![stretch - 1, stretch, stretch + 1].includes(named) || !equalSecrets(nonce, nonceOf(named))) return 'unknown'
      return named < stretch ? 'old' : 'fresh'
    },
  }
}
