/** What goes on by itself on every node: asking whether the keys have changed, and doing what their life demands. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Audit } from '../../audit/events.ts'
import { StoreUnavailable } from '../../kernel/errors.ts'
import type { Logger } from '../../observability/logger.ts'
import { KEY_POLL_MS, type KeyRing } from '../token/key-ring.ts'
import { auditKeys } from './audit-keys.ts'
import type { KeyKeeper } from './keeper.ts'

export interface ScheduleDeps {
  readonly ring: Pick<KeyRing, 'refresh'>
  readonly keeper: Pick<KeyKeeper, 'advance'>
  readonly audit: Audit
  readonly logger: Logger
}

const FIRST_STEP_MS = 1000
/** Nothing of a key's life is more urgent; at random, so that nodes seldom make the same key at once. */
const stepDelayMs = () => (10 + Math.random() * 20) * 1000

/** Every node asks within one poll; the second is for what it was about to write by what it knew. */
export const keysHeardByAll = (): Promise<void> => wait(2 * KEY_POLL_MS)

/** Runs until stopped; the promise resolves when nothing of it is under way. */
export function scheduleKeys({ ring, keeper, audit, logger }: ScheduleDeps): () => Promise<void> {
  const step = async () => {
    const { changes } = await keeper.advance()
    if (changes.length === 0) return
    await ring.refresh()
    await auditKeys(audit, changes)
  }
  const loops = [
    repeat(
      () => ring.refresh(),
      KEY_POLL_MS,
      () => KEY_POLL_MS,
      teller(logger, 'signing keys cannot be read'),
    ),
    repeat(step, FIRST_STEP_MS, stepDelayMs, teller(logger, 'the life of the signing keys does not go on')),
  ]
  return async () => void (await Promise.all(loops.map((stop) => stop())))
}

/** Says the first failure of a row, and that it is over. */
function teller(logger: Logger, what: string): (error: unknown) => void {
  let failing = false
  return (error) => {
    if (error !== undefined && !failing) {
      // An error that nobody foresaw may quote a record: only those of ours are written out.
      const known = error instanceof StoreUnavailable || (error instanceof Error && error.name === 'EnvelopeError')
      logger.error(known ? { err: error } : { error: error instanceof Error ? error.name : typeof error }, what)
    }
    if (error === undefined && failing) logger.info({}, 'signing keys: well again')
    failing = error !== undefined
  }
}

function repeat(
  run: () => Promise<void>,
  firstMs: number,
  delayMs: () => number,
  tell: (error: unknown) => void,
): () => Promise<void> {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  const plan = (ms: number): void => {
    if (!stopped) timer = setTimeout(once, ms).unref()
  }
  const once = (): void => {
    running = run()
      .then(
        () => tell(undefined),
        (error: unknown) => {
          if (!stopped) tell(error)
        },
      )
      .then(() => plan(delayMs()))
  }
  plan(firstMs)
  return () => {
    stopped = true
    clearTimeout(timer)
    return running
  }
}
