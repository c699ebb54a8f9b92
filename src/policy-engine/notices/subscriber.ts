/**
 * Hears the event stream of a policy service, for whoever keeps decisions elsewhere (split shape): each notice, and whenever
 * something may have been missed, is a word to forget. It comes back by itself, with the id of what it heard last.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Agent } from 'undici'
import type { Logger } from '../../observability/logger.ts'
import { backOff } from '../life/delay.ts'

export interface SubscriberOptions {
  /** Of the policy service. */
  readonly url: string
  /** The bearer token at the time; undefined for none. */
  readonly token: () => Promise<string | undefined>
  /** Forget decisions: of one subject, or all. */
  readonly onPurge: (subject?: string) => void
  readonly logger: Logger
  /** Longer than two heartbeats of the service without a word; default 45 s. */
  readonly silenceMs?: number
  readonly maxDelayMs?: number
}

export interface NoticeSubscriber {
  close(): Promise<void>
}

export function subscribeToNotices(options: SubscriberOptions): NoticeSubscriber {
  const { url, token, onPurge, logger, silenceMs = 45_000, maxDelayMs = 10_000 } = options
  const ended = new AbortController()
  let agent: Agent | undefined
  let lastId: string | undefined
  let failures = 0

  const hear = (event: StreamEvent): void => {
    if (event.id !== undefined) lastId = event.id
    onPurge(event.type === 'cache.purged' ? subjectOf(event.data) : undefined)
  }
  const listen = async (): Promise<void> => {
    // Loaded by whoever listens: it takes 8 MB.
    const { Agent } = await import('undici')
    agent ??= new Agent({ bodyTimeout: silenceMs, headersTimeout: silenceMs })
    const bearer = await token()
    const { statusCode, body } = await agent.request({
      origin: new URL(url).origin,
      path: '/v1/events',
      method: 'GET',
      headers: {
        accept: 'text/event-stream',
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        ...(lastId !== undefined && { 'last-event-id': lastId }),
      },
      signal: ended.signal,
    })
    if (statusCode !== 200) {
      await body.dump()
      throw new Error(`the policy service answers ${statusCode}`)
    }
    // The first time nothing can be said of what came before.
    if (lastId === undefined) onPurge()
    if (failures > 0) logger.info({ failures }, 'the notices of the policy service are heard again')
    failures = 0
    let rest = ''
    for await (const chunk of body.setEncoding('utf8')) {
      const blocks = `${rest}${chunk}`.split('\n\n')
      rest = blocks.pop() ?? ''
      if (rest.length > MAX_EVENT_CHARS) throw new Error('an event is too long')
      for (const block of blocks) {
        const event = parseEvent(block)
        if (event !== undefined) hear(event)
      }
    }
  }
  const run = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      try {
        await listen()
      } catch (error) {
        if (ended.signal.aborted) return
        // Unheard, something may have changed: what is kept must not outlive that.
        onPurge()
        if (failures === 0) logger.warn({ err: error }, 'the notices of the policy service are not heard')
      }
      failures += 1
      await delay(backOff(failures - 1, maxDelayMs), undefined, { signal: ended.signal }).catch(() => {})
    }
  }
  const running = run()
  return {
    close: async () => {
      ended.abort()
      await running
      await agent?.destroy()
    },
  }
}

const MAX_EVENT_CHARS = 64 * 1024

interface StreamEvent {
  readonly id: string | undefined
  readonly type: string
  readonly data: string
}

/** One block of an event stream; undefined for a comment. */
function parseEvent(block: string): StreamEvent | undefined {
  const fields = new Map<string, string>()
  for (const line of block.split('\n')) {
    const at = line.indexOf(':')
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).replace(/^ /, ''))
  }
  const type = fields.get('event')
  return type === undefined ? undefined : { id: fields.get('id'), type, data: fields.get('data') ?? '' }
}

function subjectOf(data: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(data)
    const inner: unknown = Object(parsed).data
    const subject: unknown = Object(inner).subject
    return typeof subject === 'string' ? subject : undefined
  } catch {
    return undefined
  }
}
