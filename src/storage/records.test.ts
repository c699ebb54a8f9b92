/** Decoding of stored records. */
import { expect, test } from 'vitest'
import { StoreUnavailable } from '../kernel/errors.ts'
import { rememberingDecoder } from './records.ts'

interface Note {
  readonly v: 1
  readonly text: string
  readonly tags: readonly string[]
}
const text = (note: string, v = 1) => JSON.stringify({ v, text: note, tags: ['a'] })

test('a remembered record is answered for the text it came from only', () => {
  const decode = rememberingDecoder<Note>(2)
  const first = decode('k', text('one'))
  expect(decode('k', text('one'))).toBe(first)
  expect(decode('k', text('two')).text).toBe('two')
  for (const key of ['l', 'm', 'n']) expect(decode(key, text(key)).text).toBe(key)
  expect(decode('k', text('one'))).toEqual(first)
})

test('nobody can change a remembered record', () => {
  const note = rememberingDecoder<Note>()('k', text('one'))
  expect(() => Object.assign(note, { text: 'x' })).toThrow(TypeError)
  expect(() => Object.assign(note.tags, ['x'])).toThrow(TypeError)
})

test('a version that is not known is refused every time', () => {
  const decode = rememberingDecoder<Note>()
  for (let turn = 0; turn < 2; turn++) expect(() => decode('k', text('one', 2))).toThrow(StoreUnavailable)
})
