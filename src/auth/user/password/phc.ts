/** The text form of an argon2id hash: `$argon2id$v=19$m=…,t=…,p=…$salt$hash` (PHC string format; RFC 9106). */

export interface Argon2idHash {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
  readonly salt: Buffer
  readonly hash: Buffer
}

const FORM = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

/** Bounds what a stored string can make the server spend, should the store be written by someone else. */
const MAX_MEMORY_KIB = 256 * 1024
const MAX_PASSES = 16
const MAX_PARALLELISM = 4

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')

export const formatPhc = (of: Argon2idHash): string =>
  `$argon2id$v=19$m=${of.memory},t=${of.passes},p=${of.parallelism}$${unpadded(of.salt)}$${unpadded(of.hash)}`

/** Undefined when `text` is no argon2id string, or asks for more than the bounds. */
export function parsePhc(text: string): Argon2idHash | undefined {
  const match = FORM.exec(text)
  if (!match) return undefined
  const [, memory = '', passes = '', parallelism = '', salt = '', hash = ''] = match
  const parsed = {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
  const fits =
    parsed.parallelism >= 1 &&
    parsed.parallelism <= MAX_PARALLELISM &&
    parsed.memory >= 8 * parsed.parallelism &&
    parsed.memory <= MAX_MEMORY_KIB &&
    parsed.passes >= 1 &&
    parsed.passes <= MAX_PASSES
  return fits ? parsed : undefined
}
