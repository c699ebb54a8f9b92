/** Masking (OPA, "Masking Sensitive Data"): operations, pointers, and everything that is no mask. */

import { describe, expect, it } from 'vitest'
import { compile } from '../../schema/validator.ts'
import { MaskResult } from '../contract/system.ts'
import { applyMask, isMask } from './mask.ts'

const event = (input: unknown) => JSON.stringify({ decision_id: 'd', input, result: { allow: true } })
const masked = (input: unknown, mask: unknown) => {
  const text = applyMask(event(input), mask)
  return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>)
}

describe('decision log masks', () => {
  it('leaves the event as it is for an empty mask', () => {
    const text = event({ a: 1 })
    expect(applyMask(text, [])).toBe(text)
  })

  it('removes by pointer, RFC 6901 escapes included, and lists what it erased', () => {
    expect(masked({ 'a/b': { 'c~d': 1, e: 2 } }, ['/input/a~1b/c~0d', '/input/none', '/result'])).toEqual({
      decision_id: 'd',
      input: { 'a/b': { e: 2 } },
      erased: ['/input/a~1b/c~0d', '/result'],
    })
  })

  it('upserts, and lists what it masked', () => {
    const mask = [
      { op: 'upsert', path: '/input/a', value: { b: null } },
      { op: 'upsert', path: '/input/new', value: 1 },
      { op: 'upsert', path: '/input/a/b/c', value: 1 },
    ]
    expect(masked({ a: 'x' }, mask)).toMatchObject({
      input: { a: { b: null }, new: 1 },
      masked: ['/input/a', '/input/new'],
    })
  })

  it('blanks elements of arrays, so that later pointers still meet theirs', () => {
    expect(
      masked({ list: ['a', 'b', 'c'] }, ['/input/list/0', '/input/list/1', '/input/list/7', '/input/list/length']),
    ).toMatchObject({
      input: { list: [null, null, 'c'] },
      erased: ['/input/list/0', '/input/list/1'],
    })
  })

  it('touches own members only', () => {
    const text = '{"input":{"__proto__":{"x":1}},"result":1}'
    expect(applyMask(text, ['/input/__proto__/x'])).toBe(
      '{"input":{"__proto__":{}},"result":1,"erased":["/input/__proto__/x"]}',
    )
    expect(masked({}, ['/input/constructor/name'])).not.toHaveProperty('erased')
  })

  it('keeps the text of numbers it does not touch', () => {
    expect(applyMask('{"input":{"n":12345678901234567890,"s":1}}', ['/input/s'])).toContain('12345678901234567890')
  })

  it.each([
    [undefined],
    [null],
    [true],
    ['/input'],
    [{}],
    [[7]],
    [['/decision_id']],
    [['/inputs']],
    [[{ op: 'add', path: '/input' }]],
    [[{ op: 'remove', path: '/labels/id' }]],
  ])('takes %j for no mask', (mask) => {
    expect(masked({ a: 1 }, mask)).toBeUndefined()
  })

  it('takes for a mask exactly what the contract does', () => {
    const schema = compile(MaskResult)
    const paths = ['/input', '/input/a', '/result/', '/nd_builtin_cache/x', '/inputs', 'input', '', '/labels', 7, null]
    const rules = paths.flatMap((path) => [
      path,
      { path },
      ...['remove', 'upsert', 'add', undefined].flatMap((op) => [
        { op, path },
        { op, path, value: null },
        { op, path, more: 1 },
      ]),
      [path],
    ])
    for (const mask of [...rules.map((rule) => [rule]), [], ['/input', '/labels'], {}, 'x', null]) {
      expect([mask, isMask(mask)]).toEqual([mask, schema.check(mask)])
    }
  })
})
