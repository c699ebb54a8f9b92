/** The script of pages that talk to authenticators. */
import { readFileSync } from 'node:fs'

export const passkeyScript = readFileSync(new URL('./scripts/passkey.js', import.meta.url), 'utf8')
