/** The demo application's memory: who began which sign-in, and whose tokens are whose. Bounded; gone at restart. */
import { randomSecret } from '../../kernel/ids.ts'

export interface Tokens {
  readonly access_token: string
  readonly expires_in?: number
  readonly refresh_token?: string
  readonly id_token?: string
}

/** One browser. */
export interface DemoSession {
  readonly id: string
  /** The sign-in that was begun here and is not yet redeemed. */
  pending: { readonly state: string; readonly nonce: string; readonly verifier: string } | undefined
  tokens: Tokens | undefined
}

const MAX_SESSIONS = 1000

export class DemoSessions {
  readonly #sessions = new Map<string, DemoSession>()

  find(id: string | undefined): DemoSession | undefined {
    return id === undefined ? undefined : this.#sessions.get(id)
  }

  begin(id: string | undefined): DemoSession {
    const known = this.find(id)
    if (known) return known
    const [oldest] = this.#sessions.keys()
    if (this.#sessions.size >= MAX_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest)
    const session: DemoSession = { id: randomSecret(), pending: undefined, tokens: undefined }
    this.#sessions.set(session.id, session)
    return session
  }
}
