/**
 * Unknown user codes, counted by person and by network before one is looked up, and taken back where it was found: of any
 * number at once no more are looked up than may be wrong. RFC 8628 5.1; checklist 28.
 */
import type { HttpRequest } from '../../../http/message.ts'
import { networkOf } from '../../../http/network-of.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import { digestOf } from '../../../kernel/ids.ts'
import type { LimitStore } from '../../../storage/port.ts'
import { takeBackHit } from '../../user/take-back-hit.ts'
import { GUESS_WINDOW_SECONDS, MAX_GUESSES, MAX_GUESSES_OF_NETWORK } from './user-code.ts'

export interface GuessDeps {
  readonly store: { readonly limits: Pick<LimitStore, 'hit'> }
  /** Whether nothing is counted against an address, which may be everybody's. */
  readonly spares: (address: string) => boolean
}

interface Counter {
  readonly key: string
  readonly most: number
}

function countersOf({ spares }: GuessDeps, { origin: { address } }: HttpRequest, sub: string): readonly Counter[] {
  const counter = (of: string, most: number): Counter => ({ key: `device:${digestOf(of)}`, most })
  const person = counter(`person:${sub}`, MAX_GUESSES)
  return spares(address) ? [person] : [person, counter(`network:${networkOf(address)}`, MAX_GUESSES_OF_NETWORK)]
}

/** Counts one more as wrong. Throws slow_down past what a person, or a network, may; what is not looked up was no guess. */
export async function beginGuess(deps: GuessDeps, request: HttpRequest, sub: string): Promise<void> {
  const within = await Promise.all(
    countersOf(deps, request, sub).map(async ({ key, most }) => {
      const count = await deps.store.limits.hit(request.tenant, key, GUESS_WINDOW_SECONDS)
      return count <= most
    }),
  )
  if (within.every(Boolean)) return
  await takeBackGuess(deps, request, sub)
  throw new OAuthError('slow_down', { retryAfterSeconds: GUESS_WINDOW_SECONDS })
}

export async function takeBackGuess(deps: GuessDeps, request: HttpRequest, sub: string): Promise<void> {
  const { limits } = deps.store
  const counters = countersOf(deps, request, sub)
  await Promise.all(counters.map(({ key }) => takeBackHit(limits, request.tenant, key, GUESS_WINDOW_SECONDS)))
}
