/**
 * For tests: what clients do on two nodes while their Redis fails over: refresh rotations, redemptions of codes, requests with DPoP
 * proofs, revocations, each on the other node than the one before. Remembers what was answered as done, and when.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { Browser } from '../servers/browser.ts'
import { makeProofKey } from '../servers/proofs.ts'
import type { Watched } from './failover.ts'
import { type Answer, answerOf, basic, codeFor, post, tokensFor } from './requests.ts'

const SCOPE = 'openid offline_access orders:read'
export const FAMILIES = 12
const PROVERS = 4

/** One use of what may be used once, answered as done at `atMs` (performance.now). */
export interface Done {
  readonly atMs: number
  readonly accessToken: string
  /** Shows the same again. */
  again(node: number): Promise<Answer>
}

/** A line of refresh tokens, the first as the code gave it. */
export interface Family {
  readonly refreshTokens: string[]
  readonly accessTokens: { readonly token: string; readonly atMs: number }[]
  /** Its last use was answered 503 or not at all: it may have happened. */
  unsure: boolean
}

export class Load {
  readonly codes: Done[] = []
  readonly proofs: Done[] = []
  readonly families: Family[] = []
  /** Answers other than 200, by status; 0 where none came. */
  readonly others: Record<number, number> = {}
  /** Codes that are unknown at their first use. */
  codesLost = 0
  readonly #at: Watched
  readonly #browser: Browser
  #turn = 0
  #running = true
  #work: Promise<unknown> = Promise.resolve()

  constructor(at: Watched) {
    this.#at = at
    this.#browser = new Browser(at.deployment.issuer)
  }

  /** Requests in a row go to the one node and the other. */
  next(): number {
    this.#turn += 1
    return this.#turn % 2
  }

  /** Uses that were answered as done since `atMs`. */
  since(atMs: number): number {
    const rotations = this.families.flatMap(({ accessTokens }) => accessTokens)
    return [...this.codes, ...this.proofs, ...rotations].filter((done) => done.atMs >= atMs).length
  }

  refusals(): number {
    return Object.values(this.others).reduce((sum, count) => sum + count, 0)
  }

  /** Undefined where the node did not answer 200, which is counted. */
  async #done(asking: Promise<Answer>): Promise<Answer | undefined> {
    const answer = await asking.catch(() => undefined)
    if (answer?.status === 200) return answer
    const status = answer?.status ?? 0
    this.others[status] = (this.others[status] ?? 0) + 1
    // Whoever is refused at once must not keep the others from their turn.
    await pause(5)
    return undefined
  }

  atToken(node: number, form: Readonly<Record<string, string>>): Promise<Answer> {
    return post(this.#node(node), '/oauth/token', this.#at.deployment.population.web, form)
  }

  refresh(node: number, token: string): Promise<Answer> {
    return this.atToken(node, { grant_type: 'refresh_token', refresh_token: token })
  }

  revoke(node: number, token: string): Promise<Answer> {
    return post(this.#node(node), '/oauth/revoke', this.#at.deployment.population.web, { token })
  }

  /** With the proof that it shows; the issuer's address is what proofs name, whichever node is asked. */
  async prove(node: number): Promise<{ readonly asking: Promise<Answer>; again: Done['again'] }> {
    const key = await makeProofKey()
    const dpop = await key.proof({ url: `${this.#at.deployment.issuer}/oauth/token` })
    const again = (asked: number) =>
      fetch(`${this.#node(asked).issuer}/oauth/token`, {
        method: 'POST',
        headers: { authorization: basic(this.#at.deployment.population.web), dpop },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'orders:read' }),
      }).then(answerOf)
    return { asking: again(node), again }
  }

  /** What redeems it. The browser is signed in from the first one on. */
  async code(): Promise<Readonly<Record<string, string>>> {
    const { code, form } = await codeFor(this.#at.deployment, this.#at.deployment.population.web, SCOPE, this.#browser)
    if (code === '') throw new Error('unavailable: the client is told so instead')
    return form
  }

  async redeem(form: Readonly<Record<string, string>>): Promise<void> {
    const answer = await this.atToken(this.next(), form)
    if (answer.body.error === 'invalid_grant') this.codesLost += 1
    else if (await this.#done(Promise.resolve(answer)))
      this.#note(this.codes, answer, (node) => this.atToken(node, form))
  }

  async family(): Promise<Family> {
    const { web } = this.#at.deployment.population
    const first = await tokensFor(this.#at.deployment, web, SCOPE, this.#browser)
    const accessTokens = [{ token: String(first.access_token), atMs: performance.now() }]
    return { refreshTokens: [String(first.refresh_token)], accessTokens, unsure: false }
  }

  async begin(): Promise<void> {
    for (let count = 0; count < FAMILIES; count += 1) this.families.push(await this.family())
    const workers = this.families.map((family) => () => this.#rotate(family))
    for (let count = 0; count < PROVERS; count += 1) workers.push(() => this.#proveOn())
    workers.push(() => this.#redeemOn())
    this.#work = Promise.all(workers.map((work) => work()))
  }

  async end(): Promise<void> {
    this.#running = false
    await this.#work
  }

  async #rotate(family: Family): Promise<void> {
    while (this.#running && !family.unsure) {
      const answer = await this.#done(this.refresh(this.next(), family.refreshTokens.at(-1) ?? ''))
      if (answer) {
        family.refreshTokens.push(String(answer.body.refresh_token))
        family.accessTokens.push({ token: String(answer.body.access_token), atMs: performance.now() })
      } else family.unsure = true
    }
  }

  async #proveOn(): Promise<void> {
    while (this.#running) {
      const { asking, again } = await this.prove(this.next())
      const answer = await this.#done(asking)
      if (answer) this.#note(this.proofs, answer, again)
    }
  }

  async #redeemOn(): Promise<void> {
    while (this.#running) {
      const form = await this.code().catch(() => undefined)
      if (form) await this.redeem(form)
      else await pause(5)
    }
  }

  #node(index: number): { readonly issuer: string } {
    return { issuer: this.#at.nodes[index % 2 === 0 ? 0 : 1] }
  }

  #note(list: Done[], { body }: Answer, again: Done['again']): void {
    list.push({ atMs: performance.now(), accessToken: String(body.access_token), again })
  }
}
