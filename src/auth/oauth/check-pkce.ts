/** PKCE at both ends: what an authorization request may send, and whether a verifier fits. RFC 7636; `plain` never passes. */
import { createHash } from 'node:crypto'
import type { Params } from '../../http/message.ts'
import { equalSecrets } from '../../kernel/constant-time.ts'
import { OAuthError } from '../../kernel/errors.ts'

export interface CodeChallenge {
  /** What policy is told; that only S256 goes on is the code's own rule. */
  readonly method: 'S256' | 'plain' | 'none'
  readonly challenge?: string
}

/** SHA-256, base64url: always 43 characters. */
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/
/** RFC 7636 4.1. */
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/

const malformed = (detail: string) => new OAuthError('invalid_request', { detail })

export function readCodeChallenge(params: Params): CodeChallenge {
  const challenge = params.get('code_challenge')
  const method = params.get('code_challenge_method') ?? 'plain'
  if (challenge === undefined) {
    if (params.get('code_challenge_method') !== undefined) throw malformed('The parameter code_challenge is missing.')
    return { method: 'none' }
  }
  if (method !== 'S256' && method !== 'plain') throw malformed('Only code_challenge_method=S256 is supported.')
  if (method === 'S256' && !CHALLENGE.test(challenge)) throw malformed('The code_challenge is malformed.')
  return { method, challenge }
}

/** Throws invalid_grant unless the verifier is the challenge's. A verifier where there was no challenge is a downgrade. */
export function checkCodeVerifier(challenge: string, verifier: string | undefined): void {
  if (challenge === '' && verifier === undefined) return
  if (verifier === undefined) throw new OAuthError('invalid_grant', { detail: 'The code_verifier is missing.' })
  if (!VERIFIER.test(verifier)) throw new OAuthError('invalid_request', { detail: 'The code_verifier is malformed.' })
  const computed = createHash('sha256').update(verifier).digest('base64url')
  if (challenge === '' || !equalSecrets(computed, challenge)) throw new OAuthError('invalid_grant')
}
