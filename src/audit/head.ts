/** Heads of chains: what is known to be on disk at a checkpoint, signed, and kept where the log's own files are not. */
import type { ChainHead } from '../storage/records.ts'
import type { ChainPosition } from './chain.ts'
import type { SignatureCheck, Signer } from './signer.ts'

export interface HeadFacts {
  /** Host and file of the log. */
  readonly place: string
  readonly at: number
  /** No line of this chain comes after. */
  readonly closed: boolean
}

export function makeHead(position: ChainPosition, facts: HeadFacts, signer: Signer | undefined): ChainHead {
  const head = { v: 1, chain: position.id, seq: position.seq, digest: position.digest, ...facts } as const
  if (signer === undefined) return head
  return { ...head, keyId: signer.keyId, signature: signer.sign(signedText(head)) }
}

/** `unknown_key`: signed by a key that was not given, so nothing can be said. */
export function checkHead(
  head: ChainHead,
  checks: readonly SignatureCheck[],
): 'signed' | 'unsigned' | 'unknown_key' | 'forged' {
  const { keyId, signature } = head
  if (keyId === undefined || signature === undefined) return 'unsigned'
  const check = checks.find((known) => known.keyId === keyId)
  if (check === undefined) return 'unknown_key'
  return check.verify(signedText(head), signature) ? 'signed' : 'forged'
}

/** Every member, in one order; a line each, so that none runs into the next. */
const signedText = (head: Omit<ChainHead, 'keyId' | 'signature'>): string =>
  ['sallyport chain head 1', head.place, head.chain, head.seq, head.digest, head.at, head.closed].join('\n')
