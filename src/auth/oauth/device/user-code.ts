/**
 * The code that a person types, RFC 8628 6.1: eight consonants, so that it spells no word and none looks like another. 20^8,
 * about 2^34.6: with `MAX_GUESSES` tries a quarter of an hour, a person who guesses for ten minutes at a thousand codes under way
 * finds one with a chance of less than one in two million; twenty of them in one network, one in a hundred thousand. Section
 * 5.1; checklist 28.
 */
import { randomInt } from 'node:crypto'
import { digestOf } from '../../../kernel/ids.ts'

const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const LENGTH = 8
const HALF = LENGTH / 2

/** Unknown codes that one person may name in `GUESS_WINDOW_SECONDS`. */
export const MAX_GUESSES = 10
/** And one network: so many more that a guesser costs nobody beside them a right code, and needs twenty accounts for that. */
export const MAX_GUESSES_OF_NETWORK = 20 * MAX_GUESSES
export const GUESS_WINDOW_SECONDS = 15 * 60

/** `XXXX-XXXX`. */
export function newUserCode(): string {
  const letters = Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('')
  return shown(letters)
}

const shown = (letters: string): string => `${letters.slice(0, HALF)}-${letters.slice(HALF)}`

/** As it was given out, however it was typed; undefined for what was never a user code. */
export function readUserCode(typed: string): string | undefined {
  if (typed.length > 64) return undefined
  const letters = typed.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
  const fits = letters.length === LENGTH && [...letters].every((letter) => LETTERS.includes(letter))
  return fits ? shown(letters) : undefined
}

export const userCodeDigest = (userCode: string): string => digestOf(userCode)
