/** Password hashing: argon2id (RFC 9106) by node:crypto at OWASP's parameters, the same time for unknown users, never more than the gate lets in. */
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { createGate, type Gate, type GateLimits, type Turn } from './gate.ts'
import { formatPhc, parsePhc } from './phc.ts'

/** What a hash costs; OWASP's minimum is the default. */
export interface HashParameters {
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
}
export const DEFAULT_HASH_PARAMETERS: HashParameters = { memoryKib: 19 * 1024, passes: 2, parallelism: 1 }

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
  verify(password: string, stored: string | undefined, turn?: Turn): Promise<boolean>
  /** Whether it was made as hashes are made now; else the password is hashed anew when it is next known. */
  isCurrent(stored: string): boolean
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

/** Hashes run on the threads that also read files, sync the store's log and look up names: of the four, one stays free. */
const MOST_AT_ONCE = 3
const WAITING = 32

/** One core stays free of hashing where there is more than one. */
export const hashGate = ({ concurrent, waiting, onRefused }: Partial<GateLimits> = {}): Gate =>
  createGate({
    concurrent: concurrent ?? Math.min(MOST_AT_ONCE, Math.max(1, availableParallelism() - 1)),
    waiting: waiting ?? WAITING,
    ...(onRefused && { onRefused }),
  })

type Cost = Pick<Argon2Parameters, 'memory' | 'passes' | 'parallelism'>

/** The least memory that argon2 takes, RFC 9106 3.1: what is less is not worth a call. */
const LEAST_MEMORY_KIB = 8

/** What a hash of lower cost leaves to do, so that an account that has not signed in since is not told by its speed. */
function rest(of: Cost, wanted: Cost): Cost | undefined {
  const missing = wanted.memory * wanted.passes - of.memory * of.passes
  const passes = Math.ceil(missing / wanted.memory)
  const memory = Math.floor(missing / passes)
  return missing > 0 && memory >= LEAST_MEMORY_KIB ? { memory, passes, parallelism: 1 } : undefined
}

/** `onHash` hears how long each hash took, without its time in the queue. */
export function createPasswordHasher(
  gate: Gate = hashGate(),
  { memoryKib: memory, passes, parallelism }: HashParameters = DEFAULT_HASH_PARAMETERS,
  onHash: (seconds: number) => void = () => undefined,
): PasswordHasher {
  const current = { memory, passes, parallelism }
  /** Matches no password: its hash part is random. */
  const nobody = { ...current, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) }

  async function timed<T>(work: () => Promise<T>): Promise<T> {
    const began = performance.now()
    const done = await work()
    onHash((performance.now() - began) / 1000)
    return done
  }

  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES)
      const parameters = { ...current, nonce: salt, tagLength: HASH_BYTES }
      const hash = await gate.run(() => timed(() => derive(password, parameters)))
      return formatPhc({ ...current, salt, hash })
    },

    async verify(password, stored, turn) {
      const known = stored === undefined ? undefined : parsePhc(stored)
      const { salt, hash, ...cost } = known ?? nobody
      // An overlong password is not hashed whole, yet costs the same time as a wrong one.
      const tooLong = Buffer.byteLength(password) > MAX_PASSWORD_BYTES
      const more = rest(cost, current)
      const run = () =>
        timed(async () => {
          if (more) await derive('', { ...more, nonce: salt, tagLength: hash.length })
          return derive(tooLong ? '' : password, { ...cost, nonce: salt, tagLength: hash.length })
        })
      const derived = await gate.run(run, turn)
      return timingSafeEqual(derived, hash) && known !== undefined && !tooLong
    },

    isCurrent(stored) {
      const known = parsePhc(stored)
      return (
        known !== undefined &&
        known.memory === memory &&
        known.passes === passes &&
        known.parallelism === parallelism &&
        known.hash.length === HASH_BYTES &&
        known.salt.length === SALT_BYTES
      )
    },
  }
}
