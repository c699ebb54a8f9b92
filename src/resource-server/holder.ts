/** Whether who brings a token holds the key that it is bound to. RFC 9449 7.2 (DPoP), RFC 8705 3 (certificates). */
import { createHash } from 'node:crypto'
import { PROOF_FAULTS, readDpopProof } from '../auth/token/dpop.ts'
import { type Access, AccessRefused } from './access.ts'

export interface DpopOptions {
  /** Origins that clients know this resource server by, e.g. `https://api.example`. */
  readonly origins: readonly string[]
  /** How long ago a proof may have been made. Default 60. */
  readonly maxAgeSeconds?: number
  /**
   * True for the first use of a proof (`<jkt>.<jti>`), false for each other; several nodes share one store. Default: the
   * memory of this process, bounded in all and for each key.
   */
  readonly firstUse?: (proof: string, expiresAt: number) => boolean | Promise<boolean>
}

export interface Presented {
  readonly token: string
  readonly scheme: 'Bearer' | 'DPoP'
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Of the header DPoP. */
  readonly proof: string | undefined
  /** DER, of the connection or a trusted proxy. */
  readonly certificate: Uint8Array | undefined
  readonly address: string
}

const MAX_REMEMBERED = 100_000
/** Of one key, so that none can fill the memory of all. */
const MAX_OF_KEY = 10_000

/**
 * Each use of a proof but its first is false. Full, of one key or of all, it takes no new one: what cannot be remembered
 * cannot be known as used.
 */
export function proofMemory(): (proof: string, expiresAt: number) => boolean {
  const known = new Map<string, { readonly key: string; readonly end: number }>()
  const ofKey = new Map<string, number>()
  const forget = (now: number) => {
    for (const [digest, { key, end }] of known) {
      if (end > now) break
      known.delete(digest)
      const left = (ofKey.get(key) ?? 1) - 1
      if (left === 0) ofKey.delete(key)
      else ofKey.set(key, left)
    }
  }
  return (proof, expiresAt) => {
    forget(Date.now() / 1000)
    const digest = createHash('sha256').update(proof).digest('base64url')
    if (known.has(digest)) return false
    const key = proof.slice(0, proof.indexOf('.'))
    const held = ofKey.get(key) ?? 0
    if (known.size >= MAX_REMEMBERED || held >= MAX_OF_KEY)
      throw new AccessRefused('temporarily_unavailable', 'Too many proofs are in use.')
    known.set(digest, { key, end: expiresAt })
    ofKey.set(key, held + 1)
    return true
  }
}

const thumbprint = (der: Uint8Array): string => createHash('sha256').update(der).digest('base64url')

const refused = (description: string) => new AccessRefused('invalid_token', description)
const wrongProof = (what: string, cause: string) =>
  new AccessRefused('invalid_dpop_proof', what, { cause: new Error(cause) })

interface Confirmation {
  readonly jkt?: string
  readonly 'x5t#S256'?: string
}

/** With one of the two that are known here at least, and both as text. */
function isConfirmation(cnf: unknown): cnf is Confirmation {
  if (typeof cnf !== 'object' || cnf === null) return false
  const { jkt, 'x5t#S256': x5t } = cnf as Readonly<Record<string, unknown>>
  return (jkt ?? x5t) !== undefined && [jkt, x5t].every((one) => one === undefined || typeof one === 'string')
}

type CheckProof = (jkt: string, presented: Presented) => Promise<void>

const takesNoDpop: CheckProof = async () => {
  throw refused('This API takes no DPoP-bound tokens.')
}

function proofCheck({ origins, maxAgeSeconds = 60, firstUse = proofMemory() }: DpopOptions): CheckProof {
  const rules = { addresses: origins, maxAgeSeconds }
  return async (jkt, { token, method, path, proof, scheme }) => {
    // RFC 9449 7.2: a bound token under Bearer is a downgrade.
    if (scheme !== 'DPoP')
      throw refused('The access token is bound to a key: send it under the scheme DPoP, with a proof.')
    const now = Math.floor(Date.now() / 1000)
    const origin = { address: '', time: { epoch_seconds: now, minute_of_day: 0, weekday: 1 } }
    const read = proof === undefined ? 'missing' : await readDpopProof(rules, { method, path, origin }, proof, token)
    if (read === 'missing') throw wrongProof('The DPoP proof is wrong: missing.', 'There is no header DPoP.')
    if (typeof read === 'string') throw wrongProof(`The DPoP proof is wrong: ${read}.`, PROOF_FAULTS[read])
    if (read.jkt !== jkt) throw refused('The access token is bound to another key than the one that was proved.')
    if (!(await firstUse(`${read.jkt}.${read.jti}`, read.expiresAt)))
      throw wrongProof('The DPoP proof was used before.', PROOF_FAULTS.replayed)
  }
}

/** Without `options`, a token that is bound to a key is refused. */
export function holderCheck(options?: DpopOptions): (access: Access, presented: Presented) => Promise<void> {
  const checkProof = options === undefined ? takesNoDpop : proofCheck(options)
  return async ({ claims }, presented) => {
    const cnf: unknown = claims.cnf
    // Unbound is what has no `cnf`: one that cannot be read (RFC 7800 3.1) says of whom the token is, and not how to tell.
    if (cnf !== undefined && !isConfirmation(cnf))
      throw refused('The access token is bound in a way that is not known here.')
    const { jkt, 'x5t#S256': x5t } = cnf ?? {}
    // RFC 9449 7.1: an unbound token under DPoP proves nothing.
    if (jkt === undefined && presented.scheme === 'DPoP')
      throw refused('The access token is not bound to a key: send it under the scheme Bearer.')
    const { certificate } = presented
    if (x5t !== undefined && (certificate === undefined || thumbprint(certificate) !== x5t))
      throw refused('The access token is bound to a client certificate that was not shown.')
    if (jkt !== undefined) await checkProof(jkt, presented)
  }
}
