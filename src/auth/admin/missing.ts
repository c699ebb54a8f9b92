/** What is named in the address is not there. Said only after `admin` has allowed: before, 403 tells nothing. */
import { Problem } from '../../kernel/errors.ts'

const TOLD = {
  client: 'There is no client of this client_id.',
  session: 'There is no session of this sid.',
  grant: 'There is no grant of this id.',
  user: 'There is no user of this sub.',
} as const

export const missing = (what: keyof typeof TOLD): Problem => new Problem('not_found', { detail: TOLD[what] })
