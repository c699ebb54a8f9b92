import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { EnvelopeError, kekIdOf, openEnvelope, reseal } from './envelope.ts'
import { ConfigError } from './errors.ts'

const plain = new TextEncoder().encode('{"kty":"EC","d":"private"}')
const refusal = (act: () => unknown) => {
  try {
    act()
  } catch (error) {
    if (error instanceof EnvelopeError) return error.code
    throw error
  }
  return 'opened'
}
const flipped = (sealed: string, at: number) => {
  const [format, kekId, body = ''] = sealed.split('.')
  const bytes = Buffer.from(body, 'base64url')
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  return `${format}.${kekId}.${bytes.toString('base64url')}`
}

test('opens what it sealed, and seals the same text differently each time (SP 800-38D 8)', () => {
  const envelope = openEnvelope(randomBytes(32))
  const first = envelope.seal('signing-key/1', plain)
  const second = envelope.seal('signing-key/1', plain)
  expect(first).not.toBe(second)
  expect(envelope.open('signing-key/1', first)).toEqual(plain)
  expect(envelope.open('signing-key/1', second)).toEqual(plain)
  expect(first).not.toContain('private')
})

test('seals an empty text, and opens it with another envelope of the same key', () => {
  const kek = randomBytes(32)
  expect(openEnvelope(kek).open('x', openEnvelope(kek).seal('x', new Uint8Array()))).toEqual(new Uint8Array())
})

test('keeps working after the caller zeroized the key', () => {
  const kek = randomBytes(32)
  const copy = Buffer.from(kek)
  const envelope = openEnvelope(kek)
  kek.fill(0)
  expect(openEnvelope(copy).open('x', envelope.seal('x', plain))).toEqual(plain)
})

test('refuses another key, another name, any changed byte, and what was never sealed', () => {
  const envelope = openEnvelope(randomBytes(32))
  const sealed = envelope.seal('check', plain)
  expect(refusal(() => openEnvelope(randomBytes(32)).open('check', sealed))).toBe('wrong_key')
  expect(refusal(() => envelope.open('signing-key/1', sealed))).toBe('tampered')
  for (const at of [0, 12, 12 + plain.byteLength]) {
    expect(refusal(() => envelope.open('check', flipped(sealed, at)))).toBe('tampered')
  }
  for (const text of [
    '',
    'plain',
    's1',
    `s1.${envelope.kekId}`,
    `s1.${envelope.kekId}.AAAA`,
    sealed.replace('s1', 's2'),
  ]) {
    expect(refusal(() => envelope.open('check', text))).toBe('not_sealed')
  }
})

test('names both keys when the wrong one is configured', () => {
  const [ours, theirs] = [openEnvelope(randomBytes(32)), openEnvelope(randomBytes(32))]
  expect(() => theirs.open('check', ours.seal('check', plain))).toThrow(new RegExp(`${ours.kekId}.*${theirs.kekId}`))
})

test('refuses a key of another length', () => {
  expect(() => openEnvelope(randomBytes(16))).toThrow(ConfigError)
})

test('with the previous key at hand opens what either sealed, and seals by the newest', () => {
  const [before, after] = [randomBytes(32), randomBytes(32)]
  const [old, both, fresh] = [openEnvelope(before), openEnvelope(after, before), openEnvelope(after)]
  const sealed = old.seal('check', plain)
  expect(both.open('check', sealed)).toEqual(plain)
  expect(kekIdOf(both.seal('check', plain))).toBe(fresh.kekId)
  const moved = reseal(both, 'check', sealed)
  expect(fresh.open('check', moved)).toEqual(plain)
  expect(refusal(() => old.open('check', moved))).toBe('wrong_key')
  expect(refusal(() => fresh.open('check', sealed))).toBe('wrong_key')
  expect(() => openEnvelope(randomBytes(32), randomBytes(32)).open('check', sealed)).toThrow(/ or /)
})

test('seals by the key that the store is under until that is moved; moving goes to the newest in any case', () => {
  const [before, after] = [randomBytes(32), randomBytes(32)]
  const [old, both] = [openEnvelope(before), openEnvelope(after, before)]
  both.sealUnder(old.kekId)
  expect([both.sealingKekId, both.kekId]).toEqual([old.kekId, openEnvelope(after).kekId])
  const sealed = both.seal('x', plain)
  expect(old.open('x', sealed)).toEqual(plain)
  expect(kekIdOf(reseal(both, 'x', sealed))).toBe(both.kekId)
  both.sealUnder('a key that is not at hand')
  expect(both.sealingKekId).toBe(old.kekId)
  both.sealUnder(both.kekId)
  expect(kekIdOf(both.seal('x', plain))).toBe(both.kekId)
})
