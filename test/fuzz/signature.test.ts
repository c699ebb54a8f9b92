/** Fuzz of `.signatures.json` and its JWT: headers, claims and signatures changed, confused, or made by a stranger. */
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Random } from '../../src/policy-engine/builtins/encoding/random.ts'
import { ALGORITHMS } from '../../src/policy-engine/bundle/algorithms.ts'
import { SIGNATURES } from '../../src/policy-engine/bundle/digest.ts'
import { verifySignature } from '../../src/policy-engine/bundle/signature.ts'
import {
  KEYS,
  mustBeClaimed,
  mustBeSigned,
  noteSigned,
  SMALL_FILES,
  STRANGER_PRIVATE_KEY,
  signTrusted,
  TRUSTED_PRIVATE_KEY,
  TRUSTED_PUBLIC_KEY,
} from './corpus.ts'
import { fuzz, refusal } from './fuzz.ts'
import { mutateBytes, mutateJson, mutateText } from './mutate.ts'

const VALID = Buffer.from(signTrusted(SMALL_FILES).get(SIGNATURES) ?? '').toString()
const { signatures } = JSON.parse(VALID) as { signatures: [string] }
const [HEADER = '', PAYLOAD = '', SIGNATURE = ''] = signatures[0].split('.')
const decode = (part: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value) ?? 'null').toString('base64url')

const ALGS = ['ES256', 'none', 'None', 'HS256', 'ES384', 'RS256', 'PS256', '', 'es256'] as const
const KIDS = ['trusted', 'scoped', 'revoked', 'unknown', '', '__proto__'] as const

interface Forged {
  readonly text: string
  /** Its signature holds, so that its claims are looked at. */
  readonly verifies: boolean
}

const TRUSTED_KIDS: readonly unknown[] = ['trusted', 'scoped']

/** A JWT whose parts were changed, with a signature of the trusted key, of a stranger, by the public key as a secret, or none. */
function forge(random: Random): Forged {
  const head = changedHeader(random)
  const claims = random.chance(3) ? decode(PAYLOAD) : mutateJson(random, changedClaims(random))
  const part = `${encode(head)}.${encode(claims)}`
  const signed = (privateKey: string) =>
    Buffer.from(ALGORITHMS.ES256.sign(Buffer.from(part), privateKey)).toString('base64url')
  switch (random.below(20)) {
    case 0:
      return { text: `${part}.${signed(STRANGER_PRIVATE_KEY)}`, verifies: false }
    case 1: {
      const mac = createHmac('sha256', TRUSTED_PUBLIC_KEY).update(part).digest('base64url')
      return { text: `${part}.${mac}`, verifies: false }
    }
    case 2:
      return { text: `${part}.${random.pick('', SIGNATURE, 'AA', SIGNATURE.slice(1))}`, verifies: false }
    default: {
      noteSigned(part, SMALL_FILES)
      const { alg, kid } = head as { alg?: unknown; kid?: unknown }
      return { text: `${part}.${signed(TRUSTED_PRIVATE_KEY)}`, verifies: alg === 'ES256' && TRUSTED_KIDS.includes(kid) }
    }
  }
}

function changedHeader(random: Random): unknown {
  const header = decode(HEADER)
  if (!random.chance(5)) return { ...header, kid: random.chance(6) ? 'scoped' : 'trusted' }
  if (random.chance(2)) return { ...header, alg: random.pick(...ALGS), kid: random.pick(...KIDS) }
  return mutateJson(random, header) ?? {}
}

function changedClaims(random: Random): unknown {
  const claims = decode(PAYLOAD)
  const files = claims.files as Record<string, unknown>[]
  switch (random.below(8)) {
    case 0:
      return { ...claims, files: files.slice(1) }
    case 1:
      return { ...claims, files: [...files, ...files.slice(0, 1)] }
    case 2:
      return {
        ...claims,
        files: files.map((file) => ({ ...file, algorithm: random.pick('MD5', 'SHA-512', 'sha256', '') })),
      }
    case 3:
      return { ...claims, scope: random.pick('write', 'read', ''), keyid: random.pick(...KIDS) }
    case 4:
      return { ...claims, version: random.pick<unknown>(-1, 1.5, 2 ** 60, '1', null) }
    case 5:
      return { ...claims, files: [...files, { ...files[0], name: random.pick('policy.wasm', '/data.json', '') }] }
    case 6:
      return { ...claims, files: files.map((file, at) => (at === 0 ? { ...file, hash: files[1]?.hash } : file)) }
    default:
      return claims
  }
}

function document(random: Random, at: number): { readonly bytes: Buffer; readonly deep: boolean } {
  if (at % 8 === 0) {
    const text = `{"signatures":["${HEADER}.${PAYLOAD}.${mutateBytes(random, Buffer.from(SIGNATURE)).toString('latin1')}"]}`
    const bytes = random.chance(2) ? mutateText(random, VALID) : Buffer.from(text)
    return { bytes, deep: false }
  }
  const { text, verifies } = forge(random)
  const list = random.chance(24) ? [text, signatures[0]] : [text]
  const whole = random.chance(24)
    ? mutateJson(random, { signatures: list, plugin: random.pick('', '_default', 'other') })
    : { signatures: list }
  return { bytes: Buffer.from(JSON.stringify(whole) ?? ''), deep: verifies }
}

describe('signature', () => {
  it('nothing is accepted but what the trusted key signed (OPA, "Signing")', { timeout: 3_600_000 }, async () => {
    const { outcomes } = await fuzz('signature', (random, at) => {
      const { bytes, deep } = document(random, at)
      const files = new Map(SMALL_FILES).set(SIGNATURES, bytes)
      try {
        verifySignature(files, KEYS)
      } catch (error) {
        return { said: refusal(error), deep }
      }
      mustBeSigned(files)
      mustBeClaimed(files)
      return { said: 'accepted', deep }
    })
    for (const code of ['accepted', 'bad_signature', 'unknown_key', 'digest_mismatch']) {
      expect(outcomes.get(code), code).toBeGreaterThan(0)
    }
  })
})
