import { expect, test } from 'vitest'
import type { HttpRequest } from '../../http/message.ts'
import { whenAsked } from './when-asked.ts'

const request = {} as HttpRequest
const room = { first: async () => ({ status: 201 }), second: async () => ({ status: 202 }) }

test('a room is loaded by its first request, once, and each of its addresses answers as its own', async () => {
  let loads = 0
  const { first, second } = whenAsked(async () => {
    loads += 1
    return room
  })
  expect(loads).toBe(0)
  expect(await Promise.all([first(request), second(request)])).toEqual([{ status: 201 }, { status: 202 }])
  expect(await first(request)).toEqual({ status: 201 })
  expect(loads).toBe(1)
})

test('one that could not be loaded fails that request, and is tried again', async () => {
  let there = false
  const { first } = whenAsked(async () => {
    if (!there) throw new Error('not there')
    return room
  })
  await expect(first(request)).rejects.toThrow('not there')
  there = true
  expect(await first(request)).toEqual({ status: 201 })
})
