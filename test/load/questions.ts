/** Asks the Data API: as fast as it answers, which finds its ceiling, or at a steady rate whether or not it answers. */
import { Pool } from 'undici'

const CONNECTIONS = 16
const TICK_MS = 5
const MARKED = '/v1/data/probe/marked'
const HEADERS = { 'content-type': 'application/json' }

interface Marked {
  readonly decision_id: string
  readonly result?: { readonly rule: string; readonly data: string; readonly n: number; readonly square: number }
}

export interface Asked {
  /** Revision by decision id. */
  readonly answered: Map<string, string>
  /** What was not as it must be; the first few. */
  readonly wrong: string[]
  sent: number
  /** How often the revision of an answer was another than that of the one before. */
  flips: number
  readonly latenciesMs: number[]
}

export class Questions {
  readonly asked: Asked = { answered: new Map(), wrong: [], sent: 0, flips: 0, latenciesMs: [] }
  readonly #pool: Pool
  /** By revision. */
  readonly #marks: ReadonlyMap<string, string>
  #last = ''

  constructor(origin: string, marks: ReadonlyMap<string, string>) {
    this.#pool = new Pool(origin, { connections: CONNECTIONS })
    this.#marks = marks
  }

  /** Answers a second with every connection busy. */
  async ceiling(seconds: number): Promise<number> {
    const end = performance.now() + seconds * 1000
    const before = this.asked.sent
    const loop = async () => {
      while (performance.now() < end) await this.#ask()
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, loop))
    return (this.asked.sent - before) / seconds
  }

  /** A late tick makes up for what it missed, so that the rate holds over the whole time. */
  async steadily(perSecond: number, seconds: number): Promise<void> {
    const underWay = new Set<Promise<void>>()
    const began = performance.now()
    let due = 0
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const passed = Math.min((performance.now() - began) / 1000, seconds)
        for (; due < passed * perSecond; due += 1) {
          const one = this.#ask().finally(() => underWay.delete(one))
          underWay.add(one)
        }
        if (passed < seconds) return
        clearInterval(timer)
        resolve()
      }, TICK_MS)
    })
    await Promise.all(underWay)
  }

  async #ask(): Promise<void> {
    this.asked.sent += 1
    const n = this.asked.sent % 1000
    const began = performance.now()
    try {
      const request = { method: 'POST', path: MARKED, headers: HEADERS, body: `{"input":{"n":${n}}}` } as const
      const { statusCode, headers, body } = await this.#pool.request(request)
      const text = await body.text()
      this.asked.latenciesMs.push(performance.now() - began)
      this.#check(statusCode, String(headers['sallyport-revision']), text, n)
    } catch (error) {
      this.#complain(String(error))
    }
  }

  #check(status: number, revision: string, text: string, n: number): void {
    const { decision_id: id, result } = status === 200 ? (JSON.parse(text) as Marked) : { decision_id: '' }
    const mark = this.#marks.get(revision)
    const right = result?.rule === mark && result?.data === mark && result?.n === n && result?.square === n * n
    if (mark === undefined || !right) this.#complain(`${status} ${revision}: ${text}`)
    if (this.asked.answered.has(id)) this.#complain(`${id} twice`)
    this.asked.answered.set(id, revision)
    if (revision !== this.#last) this.asked.flips += 1
    this.#last = revision
  }

  #complain(what: string): void {
    if (this.asked.wrong.length < 20) this.asked.wrong.push(what)
  }
}
