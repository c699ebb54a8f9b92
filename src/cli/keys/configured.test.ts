/** The envelope key as the configuration gives it: read, put to use, and wiped. */
import { randomBytes } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { loadConfig } from '../../config/load.ts'
import { kekIdOf, openEnvelope } from '../../kernel/envelope.ts'
import { SIGNING_ALGORITHMS } from '../../kernel/signing-algorithms.ts'
import { keyRules, openConfiguredEnvelope } from './configured.ts'

const given = vi.hoisted((): { keks: (Uint8Array | undefined)[] } => ({ keks: [] }))

/** The envelope itself, and the very buffers that it was opened with. */
vi.mock('../../kernel/envelope.ts', async (original) => {
  const real = await original<typeof import('../../kernel/envelope.ts')>()
  return {
    ...real,
    openEnvelope: (...keks: Parameters<typeof real.openEnvelope>) => {
      given.keks.push(...keks)
      return real.openEnvelope(...keks)
    },
  }
})

test('the envelope key and the one before it are wiped once they are in use', () => {
  const [kek, previous] = [randomBytes(32), randomBytes(32)]
  const env = { SALLYPORT_KEK: kek.toString('base64'), SALLYPORT_KEK_PREVIOUS: previous.toString('base64') }
  const config = loadConfig({ env })
  given.keks = []
  const envelope = openConfiguredEnvelope(config)
  expect(given.keks.map((bytes) => bytes?.byteLength)).toEqual([32, 32])
  for (const bytes of given.keks) expect(bytes?.every((byte) => byte === 0)).toBe(true)
  const before = openEnvelope(previous).seal('x', Buffer.from('content'))
  expect(Buffer.from(envelope.open('x', before)).toString()).toBe('content')
  expect(kekIdOf(envelope.seal('x', Buffer.from('content')))).toBe(openEnvelope(kek).kekId)
})

test('four algorithms are kept unless the configuration says otherwise, and ES256 is the platform’s own', () => {
  expect(keyRules(loadConfig({ env: {} }))).toEqual({
    algorithms: [...SIGNING_ALGORITHMS],
    rsaBits: 2048,
    rotateSeconds: 30 * 24 * 3600,
    publishSeconds: 3600,
    retireSeconds: 7 * 24 * 3600,
  })
  expect(keyRules(loadConfig({ env: { SALLYPORT_KEYS__ALGORITHMS: 'EdDSA, PS256' } })).algorithms).toEqual([
    'EdDSA',
    'PS256',
  ])
})
