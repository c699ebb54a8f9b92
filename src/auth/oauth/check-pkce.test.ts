import { expect, test } from 'vitest'
import { parseParams } from '../../http/params.ts'
import { checkCodeVerifier, readCodeChallenge } from './check-pkce.ts'

/** RFC 7636 appendix B. */
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

test('takes the verifier of the challenge (RFC 7636 appendix B)', () => {
  expect(() => checkCodeVerifier(CHALLENGE, VERIFIER)).not.toThrow()
})

test.each([
  ['another verifier', CHALLENGE, 'x'.repeat(43), 'invalid_grant'],
  ['no verifier', CHALLENGE, undefined, 'invalid_grant'],
  ['the challenge itself', CHALLENGE, CHALLENGE, 'invalid_grant'],
  ['42 characters', CHALLENGE, 'x'.repeat(42), 'invalid_request'],
  ['129 characters', CHALLENGE, 'x'.repeat(129), 'invalid_request'],
  ['a character that is none', CHALLENGE, `${'x'.repeat(43)}+`, 'invalid_request'],
  ['a verifier where there was no challenge: downgrade (checklist 4)', '', VERIFIER, 'invalid_grant'],
])('refuses %s (RFC 7636 4.1, 4.6)', (_what, challenge, verifier, code) => {
  expect(() => checkCodeVerifier(challenge, verifier)).toThrow(expect.objectContaining({ code }))
})

test('reads what was asked for; absent method means plain (RFC 7636 4.3)', () => {
  const read = (text: string) => readCodeChallenge(parseParams(text))
  expect(read(`code_challenge=${CHALLENGE}&code_challenge_method=S256`)).toEqual({
    method: 'S256',
    challenge: CHALLENGE,
  })
  expect(read(`code_challenge=${CHALLENGE}`).method).toBe('plain')
  expect(read('').method).toBe('none')
})
