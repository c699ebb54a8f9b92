/**
 * Unknown user codes, counted by person and by network before one is looked up, and taken back where it was found: of any
 * number at once no more are looked up than may be wrong. RFC 8628 5.1; checklist 28.
 */
import type { HttpRequest } from '../../../http/message.ts'
import { networkOf } from '../../../http/network-of.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import { digestOf } from '../../../kernel/ids.ts'
import type { LimitStore } from '../../../storage/port.ts'
import { GUESS_WINDOW_SECONDS, MAX_GUESSES } from './user-code.ts'

type Limits = Pick<LimitStore, 'hit'>

const keysOf = (request: HttpRequest, sub: string): readonly string[] =>
  [`person:${sub}`, `network:${networkOf(request.origin.address)}`].map((key) => `device:${digestOf(key)}`)

/** Counts one more as wrong. Throws slow_down past MAX_GUESSES; what is not looked up was no guess. */
export async function beginGuess(limits: Limits, request: HttpRequest, sub: string): Promise<void> {
  const counts = await Promise.all(
    keysOf(request, sub).map((key) => limits.hit(request.tenant, key, GUESS_WINDOW_SECONDS)),
  )
  if (counts.every((count) => count <= MAX_GUESSES)) return
  await takeBackGuess(limits, request, sub)
  throw new OAuthError('slow_down', { retryAfterSeconds: GUESS_WINDOW_SECONDS })
}

export async function takeBackGuess(limits: Limits, request: HttpRequest, sub: string): Promise<void> {
  const hit = (key: string, hits: number) => limits.hit(request.tenant, key, GUESS_WINDOW_SECONDS, hits)
  await Promise.all(
    keysOf(request, sub).map(async (key) => {
      // A guess that was counted in the window before gives nobody one more in this one.
      if ((await hit(key, -1)) < 0) await hit(key, 1)
    }),
  )
}
