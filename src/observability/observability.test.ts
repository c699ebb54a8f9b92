/** Logs hold no secret, metrics are well formed (checklist 34). */
import { describe, expect, it } from 'vitest'
import { createLogger } from './logger.ts'
import { createMetrics } from './metrics.ts'

describe('operational log', () => {
  const lines: string[] = []
  const logger = createLogger({ level: 'debug', destination: { write: (line) => lines.push(line) } })

  it('cuts secrets out by name (checklist 34)', () => {
    const canary = 'canary-51c'
    logger.debug({ password: canary, body: { client_secret: canary }, a: { headers: { authorization: canary } } }, 'x')
    logger.error({
      err: Object.assign(new Error('failed', { cause: new TypeError(canary) }), { body: canary, code: 'E_X' }),
    })
    expect(lines).toHaveLength(2)
    expect(lines.join()).not.toContain(canary)
    expect(lines[1]).toContain('"error_code":"E_X"')
  })
})

describe('metrics', () => {
  it('carry the node as label', async () => {
    const metrics = createMetrics('api')
    metrics.decisions.inc({ decision: 'token', outcome: 'allow' })
    const text = await metrics.registry.metrics()
    expect(text).toContain('decisions_total{decision="token",outcome="allow",node="api"} 1')
    expect(text).toContain('process_resident_memory_bytes')
  })
})
