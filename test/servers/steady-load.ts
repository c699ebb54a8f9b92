/** For tests: requests at a steady rate, whether or not earlier ones were answered, and one held in the middle; nothing is tried twice. */
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { Pool } from 'undici'

export interface LoadRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface LoadAnswer {
  /** 0 where none came. */
  readonly status: number
  readonly revision: string
  readonly text: string
}

export interface SteadyLoad {
  readonly answers: readonly LoadAnswer[]
  /** Stops sending, waits for what is under way, answers how many requests were sent. */
  stop(): Promise<number>
}

const TICK_MS = 5
const CONNECTIONS = 32

export function startLoad(origin: string, request: LoadRequest, perSecond: number): SteadyLoad {
  const pool = new Pool(origin, { connections: CONNECTIONS })
  const answers: LoadAnswer[] = []
  const underWay = new Set<Promise<void>>()
  const began = performance.now()
  let sent = 0

  const send = async (): Promise<void> => {
    try {
      const { statusCode: status, headers, body } = await pool.request({ method: 'POST', ...request })
      answers.push({ status, revision: String(headers['sallyport-revision']), text: await body.text() })
    } catch (error) {
      answers.push({ status: 0, revision: '', text: String(error) })
    }
  }
  // What a late tick missed is made up for: the rate holds over the whole time.
  const tick = () => {
    const due = Math.floor(((performance.now() - began) / 1000) * perSecond)
    for (; sent < due; sent += 1) {
      const one = send().finally(() => underWay.delete(one))
      underWay.add(one)
    }
  }
  const timer = setInterval(tick, TICK_MS)
  return {
    answers,
    async stop() {
      clearInterval(timer)
      await Promise.all(underWay)
      await pool.close()
      return sent
    },
  }
}

/** Its head is read by the server before `between`, its body after. */
export async function sendAround(
  origin: string,
  { path, headers, body }: LoadRequest,
  between: () => Promise<void>,
): Promise<LoadAnswer> {
  const length = String(Buffer.byteLength(body))
  // The server says 100 once it has the head (RFC 9110 10.1.1).
  const held = { ...headers, 'content-length': length, expect: '100-continue' }
  const outgoing = httpRequest(new URL(path, origin), { method: 'POST', headers: held, agent: false })
  const answered: Promise<[IncomingMessage]> = once(outgoing, 'response').then(([answer]) => [answer])
  outgoing.flushHeaders()
  await once(outgoing, 'continue')
  await between()
  outgoing.end(body)
  const [answer] = await answered
  const revision = String(answer.headers['sallyport-revision'])
  return { status: answer.statusCode ?? 0, revision, text: await text(answer) }
}
