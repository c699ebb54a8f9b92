import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { AuditEvent } from '../../audit/events.ts'
import { StoreUnavailable } from '../../kernel/errors.ts'
import { createLogger } from '../../observability/logger.ts'
import type { KeyChange } from './life.ts'
import { scheduleKeys } from './schedule.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** What the loops do, and what they say. */
function begin() {
  const seen = { refreshes: 0, steps: 0, said: [] as string[], audits: [] as AuditEvent[] }
  const now: { failure?: Error; changes: readonly KeyChange[] } = { changes: [] }
  const write = (line: string) => {
    const { level, msg } = JSON.parse(line)
    seen.said.push(`${level === 50 ? 'error' : 'info'}: ${msg}`)
  }
  const logger = createLogger({ level: 'info', destination: { write } })
  const stop = scheduleKeys({
    ring: {
      refresh: async () => {
        seen.refreshes += 1
        if (now.failure) throw now.failure
      },
    },
    keeper: {
      advance: async () => {
        seen.steps += 1
        return { changes: now.changes, set: { tag: '', nowSeconds: 1, keys: [] } }
      },
    },
    audit: async (event) => void seen.audits.push(event),
    logger,
  })
  return { seen, now, stop }
}

test('asks every two seconds whether the keys have changed, and takes a step within half a minute', async () => {
  const { seen, stop } = begin()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(seen.refreshes).toBe(30)
  expect(seen.steps).toBeGreaterThanOrEqual(2)
  expect(seen.steps).toBeLessThanOrEqual(7)
  await stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(seen.refreshes).toBe(30)
})

test('what a step changed is known here at once and told to the audit log, as nobody’s act', async () => {
  const { seen, now, stop } = begin()
  now.changes = [{ event: 'key_activated', kid: 'k', alg: 'ES256' }]
  await vi.advanceTimersByTimeAsync(1000)
  expect(seen.refreshes).toBe(1)
  expect(seen.audits).toEqual([{ event: 'key_activated', tenant: 'default', detail: 'ES256', resource: 'key:k' }])
  await stop()
})

test('goes on after failures, and says the first of a row and its end', async () => {
  const { seen, now, stop } = begin()
  now.failure = new StoreUnavailable('down')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(seen.said).toEqual(['error: signing keys cannot be read'])
  delete now.failure
  await vi.advanceTimersByTimeAsync(10_000)
  expect(seen.said).toEqual(['error: signing keys cannot be read', 'info: signing keys: well again'])
  expect(seen.refreshes).toBe(10)
  await stop()
})
