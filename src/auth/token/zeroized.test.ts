/** Reads the very buffers that held key material, after their use. */
import * as crypto from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { type Envelope, openEnvelope, reseal } from '../../kernel/envelope.ts'
import { SIGNING_ALGORITHMS } from '../../kernel/signing-algorithms.ts'
import { sealSecret, someSecret } from '../client/sealed-secret.ts'
import { CHECK_RECORD, openRootSecret } from './root-secret.ts'
import { makeSigningKey, openSigningKey, resealSigningKey } from './signing-key.ts'

const seen = vi.hoisted((): { keys: Uint8Array[] } => ({ keys: [] }))

/** node:crypto itself, and what bytes it was given as keys. */
vi.mock('node:crypto', async (original) => {
  const real = await original<typeof crypto>()
  return {
    ...real,
    createPrivateKey: (input: { readonly key: Uint8Array }) => {
      seen.keys.push(input.key)
      return real.createPrivateKey(input as crypto.PrivateKeyInput)
    },
    createSecretKey: (bytes: Uint8Array) => {
      seen.keys.push(bytes)
      return real.createSecretKey(bytes)
    },
  }
})

/** The envelope, and the bytes that went in and came out of it. */
function watched(envelope: Envelope) {
  const buffers: Uint8Array[] = []
  const contents: Buffer[] = []
  const note = (bytes: Uint8Array) => {
    buffers.push(bytes)
    contents.push(Buffer.from(bytes))
    return bytes
  }
  return {
    buffers,
    contents,
    envelope: {
      ...envelope,
      seal: (name: string, plain: Uint8Array, under?: 'newest') => envelope.seal(name, note(plain), under),
      open: (name: string, sealed: string) => note(envelope.open(name, sealed)),
    },
  }
}

const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0)

test.each(SIGNING_ALGORITHMS)(
  '%s: nothing of a private key stays in a buffer once it is sealed, opened, moved',
  async (alg) => {
    const { envelope, buffers, contents } = watched(openEnvelope(crypto.randomBytes(32)))
    seen.keys = []
    const record = await makeSigningKey(envelope, { alg, state: 'current', nowSeconds: 1 })
    const key = openSigningKey(envelope, record)
    openSigningKey(envelope, resealSigningKey(envelope, record))
    // Made: one in. Opened: one out. Moved: one out, the same in; and opened again.
    expect(buffers).toHaveLength(5)
    const der = key.privateKey.export({ format: 'der', type: 'pkcs8' })
    for (const content of contents) expect(content.equals(der)).toBe(true)
    for (const buffer of buffers) expect(isZero(buffer)).toBe(true)
    // The memory that createPrivateKey read from is the same, and as empty.
    expect(seen.keys).toHaveLength(2)
    for (const bytes of seen.keys) expect([bytes.byteLength, isZero(bytes)]).toEqual([der.byteLength, true])
  },
)

test('nothing of the envelope key, the root secret and what is derived from them stays in a buffer', async () => {
  seen.keys = []
  const kek = crypto.randomBytes(32)
  const { envelope, buffers } = watched(openEnvelope(kek))
  expect(seen.keys).toHaveLength(1)
  const checkRecord = envelope.seal(CHECK_RECORD, crypto.randomBytes(32))
  buffers.length = 0
  await openRootSecret({ store: { platform: { checkRecord: async () => checkRecord } }, envelope })
  expect(buffers).toHaveLength(1)
  expect(seen.keys).toHaveLength(2)
  for (const bytes of [...buffers, ...seen.keys]) expect([bytes.byteLength, isZero(bytes)]).toEqual([32, true])
})

test('nothing of a client’s sealed secret stays in a buffer, whether it was the right one or not', async () => {
  const { envelope, buffers } = watched(openEnvelope(crypto.randomBytes(32)))
  const sealed = ['first secret', 'second secret'].map((secret) => sealSecret(envelope, 't', 'c', secret))
  const client = { v: 1, clientId: 'c', sealedSecrets: sealed } as unknown as Parameters<typeof someSecret>[2]
  const read: string[] = []
  await someSecret(envelope, 't', client, async (secret) => {
    read.push(Buffer.from(secret).toString())
    return read.length === 2
  })
  reseal(envelope, 'client-secret/t/c', sealed[0] ?? '')
  expect(read).toEqual(['first secret', 'second secret'])
  expect(buffers).toHaveLength(6)
  for (const buffer of buffers) expect(isZero(buffer)).toBe(true)
})
