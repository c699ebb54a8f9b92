/** A watcher that was itself held up accuses nobody; a silent one is reported once. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { restartDelayMs, watchBeats } from './heartbeat.ts'

let now = 0
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})
/** Time passes; the interval of 25 ms fires when it should. */
const pass = (ms: number) => {
  for (const until = now + ms; now < until; ) {
    now += 25
    vi.advanceTimersByTime(25)
  }
}

describe('heartbeats', () => {
  it('reports silence once, after the deadline, and not while beats come', () => {
    const missed = vi.fn()
    const watch = watchBeats(100, missed)
    for (let beats = 0; beats < 5; beats++) {
      pass(75)
      watch.beat()
    }
    pass(100)
    expect(missed).not.toHaveBeenCalled()
    pass(500)
    expect(missed).toHaveBeenCalledTimes(1)
  })

  it('does not count time in which its own thread stood still', () => {
    const missed = vi.fn()
    watchBeats(100, missed)
    now += 5000
    vi.advanceTimersByTime(25)
    pass(100)
    expect(missed).not.toHaveBeenCalled()
    pass(25)
    expect(missed).toHaveBeenCalledTimes(1)
  })

  it('says nothing once it is stopped', () => {
    const missed = vi.fn()
    watchBeats(100, missed).stop()
    pass(500)
    expect(missed).not.toHaveBeenCalled()
  })

  it('starts again at once, then ever more slowly, at most every five seconds', () => {
    expect([0, 1, 2, 100].map(restartDelayMs)).toEqual([0, 100, 400, 5000])
  })
})
