/**
 * Where requests are counted, as endpoints and the server see it: by address before anything is read, by client once it has
 * proved itself, by person once their token or session is known. RFC 6585 4. What counts them: `auth/threat`.
 */
import type { HttpRequest } from './message.ts'

/** Undefined: the request may go on. Rejects with `slow_down`, and when it may be tried again, where it may not. */
export type Admitted = Promise<void> | undefined

export interface RateLimits {
  /** The check of an endpoint's path; undefined where none is configured. */
  address(path: string): ((request: HttpRequest) => Admitted) | undefined
  /** One that proved nothing, since it has no secret, is counted for each network that names it. */
  client(
    request: HttpRequest,
    client: { readonly clientId: string; readonly type: 'confidential' | 'public' },
  ): Admitted
  person(request: HttpRequest, sub: string): Admitted
}
