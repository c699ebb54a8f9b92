/** Password hashing: argon2id (RFC 9106) by node:crypto at OWASP's parameters, the same time for unknown users, never more than the gate lets in. */
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { createGate, type Gate } from './gate.ts'
import { formatPhc, parsePhc } from './phc.ts'

const MEMORY_KIB = 19 * 1024
const PASSES = 2
const PARALLELISM = 1
const SALT_BYTES = 16
const HASH_BYTES = 32

/** NIST SP 800-63B 3.1.1.2: at least 8, long ones allowed, no rules of composition, no truncation. */
export const MIN_PASSWORD_CHARACTERS = 8
/** So that a request cannot make the server hash a book. */
export const MAX_PASSWORD_BYTES = 1024

export interface PasswordHasher {
  /** A PHC string. Rejects with GateFull when too many hash already. */
  hash(password: string): Promise<string>
  /** False for a wrong password, an unreadable hash, or none; in all cases after as much work. */
  verify(password: string, stored: string | undefined): Promise<boolean>
}

/** Length in code points after NFC, as a person counts; `undefined` when it may be used. */
export function passwordFault(password: string): 'too_short' | 'too_long' | undefined {
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES) return 'too_long'
  return [...password.normalize('NFC')].length < MIN_PASSWORD_CHARACTERS ? 'too_short' : undefined
}

function derive(password: string, parameters: Omit<Argon2Parameters, 'message'>): Promise<Buffer> {
  const message = Buffer.from(password.normalize('NFC'))
  return new Promise((resolve, reject) => {
    argon2('argon2id', { ...parameters, message }, (error, derived) => {
      message.fill(0)
      if (error) reject(error)
      else resolve(derived)
    })
  })
}

/** One core stays free of hashing where there is more than one. */
const defaultGate = (): Gate =>
  createGate({ concurrent: Math.min(4, Math.max(1, availableParallelism() - 1)), waiting: 32 })

export function createPasswordHasher(gate: Gate = defaultGate()): PasswordHasher {
  const current = { memory: MEMORY_KIB, passes: PASSES, parallelism: PARALLELISM }
  /** Matches no password: its hash part is random. */
  const nobody = { ...current, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) }

  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES)
      const hash = await gate.run(() => derive(password, { ...current, nonce: salt, tagLength: HASH_BYTES }))
      return formatPhc({ ...current, salt, hash })
    },

    async verify(password, stored) {
      const known = stored === undefined ? undefined : parsePhc(stored)
      const { memory, passes, parallelism, salt, hash } = known ?? nobody
      // An overlong password is not hashed whole, yet costs the same time as a wrong one.
      const tooLong = Buffer.byteLength(password) > MAX_PASSWORD_BYTES
      const parameters = { memory, passes, parallelism, nonce: salt, tagLength: hash.length }
      const derived = await gate.run(() => derive(tooLong ? '' : password, parameters))
      return timingSafeEqual(derived, hash) && known !== undefined && !tooLong
    },
  }
}
