/**
 * Passwords known from breaches, looked up in a file as Have I Been Pwned ships it: a line a password, SHA-1 in hexadecimal and
 * a count, ordered by hash. It is searched where it lies, by halving: some 35 reads of a few bytes in a file of 40 GB, none kept
 * in memory. Nothing leaves the machine.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { ConfigError, StoreUnavailable } from '../../../kernel/errors.ts'

export interface BreachedPasswords {
  has(password: string): Promise<boolean>
  close(): Promise<void>
}

const HASH_CHARACTERS = 40
const LINE = /^([0-9A-F]{40})(:\d+)?\r?$/i
/** Longer than any line, with the end of the one before it. */
const WINDOW_BYTES = 160

/** Throws ConfigError where the file cannot be read or is not of that form. */
export async function openBreachedPasswords(path: string): Promise<BreachedPasswords> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (cause) {
    throw new ConfigError(`passwords.breached_file: ${path} cannot be read`, { cause })
  }
  const { size } = await file.stat()
  const first = (await readAt(file, 0)).split('\n')[0] ?? ''
  if (!LINE.test(first)) {
    await file.close()
    throw new ConfigError(
      `passwords.breached_file: ${path} is not a list of SHA-1 hashes ordered by hash (pwned-passwords-sha1-ordered-by-hash)`,
    )
  }
  return {
    has: async (password) => {
      const wanted = createHash('sha1').update(password, 'utf8').digest('hex').toUpperCase()
      try {
        return await search(file, size, wanted)
      } catch (cause) {
        // Whether it is known is not known: nobody sets a password meanwhile.
        throw new StoreUnavailable('the list of breached passwords cannot be read', { cause })
      }
    },
    close: () => file.close(),
  }
}

async function readAt(file: FileHandle, position: number): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(WINDOW_BYTES), 0, WINDOW_BYTES, position)
  return buffer.toString('latin1', 0, bytesRead)
}

/** The line of `wanted` begins in [low, high), if there is one: both always stand where a line begins, or at the end. */
async function search(file: FileHandle, size: number, wanted: string): Promise<boolean> {
  let [low, high] = [0, size]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const { begins, hash, next } = await lineAround(file, middle, low)
    if (hash === wanted) return true
    if (hash < wanted) low = next
    else high = begins
  }
  return false
}

/** The line that `position` is in; it begins at `low` or later. */
async function lineAround(file: FileHandle, position: number, low: number) {
  const from = Math.max(low, position - WINDOW_BYTES / 2)
  const text = await readAt(file, from)
  const begins = text.lastIndexOf('\n', position - from - 1) + 1
  const end = text.indexOf('\n', begins)
  const hash = text.slice(begins, begins + HASH_CHARACTERS).toUpperCase()
  return { begins: from + begins, hash, next: end < 0 ? Number.POSITIVE_INFINITY : from + end + 1 }
}
