/**
 * Which passwords may be set: long enough, and not among those that guessing starts with. NIST SP 800-63B 3.1.1.2, ASVS 6.2;
 * checklist 35. No rule asks for kinds of characters, nothing is cut off, and nothing expires by age.
 */
import type { UserRecord } from '../../../storage/records.ts'
import type { BreachedPasswords } from './breached.ts'
import { isCommonPassword } from './guessed.ts'
import { MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARACTERS } from './hasher.ts'

export const PASSWORD_FAULTS = ['too_short', 'too_long', 'common', 'breached', 'about_you'] as const
export type PasswordFault = (typeof PASSWORD_FAULTS)[number]

/** Whose password it will be. */
export type PasswordOwner = Pick<UserRecord, 'userName' | 'profile'>

export interface PasswordRules {
  /** `leastCharacters`: policy may ask for more than the rules do. `undefined`: it may be set. */
  check(password: string, owner: PasswordOwner, leastCharacters?: number): Promise<PasswordFault | undefined>
}

export interface PasswordRuleOptions {
  /** The service, the company: what a guess for this place would hold. */
  readonly words: readonly string[]
  readonly breached?: BreachedPasswords | undefined
}

/** In code points after NFC, as a person counts. */
const lengthOf = (password: string): number => [...password.normalize('NFC')].length

export function passwordRules({ words, breached }: PasswordRuleOptions): PasswordRules {
  return {
    async check(password, owner, leastCharacters = MIN_PASSWORD_CHARACTERS) {
      if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES) return 'too_long'
      if (lengthOf(password) < Math.max(MIN_PASSWORD_CHARACTERS, leastCharacters)) return 'too_short'
      if (isAbout(password, [...words, ...wordsOf(owner)])) return 'about_you'
      if (await isCommonPassword(password)) return 'common'
      if (await breached?.has(password)) return 'breached'
      return undefined
    },
  }
}

const folded = (text: string): string => text.normalize('NFKC').toLowerCase()

const SHORTEST_WORD = 3
/** What must be there beside the words of the context. */
const LEAST_BESIDE = 5

/** Names and addresses, whole and in their parts. */
function wordsOf({ userName, profile }: PasswordOwner): readonly string[] {
  const emails = Array.isArray(profile.emails) ? profile.emails.map((entry) => entry?.value) : []
  const name = typeof profile.name === 'object' && profile.name !== null ? Object.values(profile.name) : []
  const texts = [userName, ...emails, ...name, profile.displayName, profile.nickName]
  return texts.filter((text) => typeof text === 'string').flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)])
}

/** Little is left of it without the words that a guesser knows. */
function isAbout(password: string, words: readonly string[]): boolean {
  const known = [...new Set(words.map(folded))]
    .filter((word) => [...word].length >= SHORTEST_WORD)
    .sort((left, right) => right.length - left.length)
  let left = folded(password)
  for (const word of known) left = left.replaceAll(word, '')
  return left !== folded(password) && [...left].length < LEAST_BESIDE
}
