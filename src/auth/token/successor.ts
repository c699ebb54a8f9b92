/**
 * The successor of a refresh token, kept for those who present the spent one within its grace. It is sealed under a key
 * that only the spent token's own text gives, so that the store alone yields no token. RFC 9700 4.14.2.
 */
import { openUnder, sealUnder } from '../../kernel/sealed.ts'

const PURPOSE = 'refresh successor'

export const sealSuccessor = (spent: string, successor: string): string => sealUnder(spent, PURPOSE, successor)

/** Undefined for what was not sealed for this token. */
export const openSuccessor = (spent: string, sealed: string): string | undefined => openUnder(spent, PURPOSE, sealed)
