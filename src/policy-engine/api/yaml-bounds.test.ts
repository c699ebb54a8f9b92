/** What a YAML body may take: its parser is slow for a character, and aliases write a small text out to a large value. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SMALL } from '../bundle/bundle-fixture.ts'
import { type ApiUnderTest, loadFixture, openApi, post } from './api-fixture.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await openApi(await loadFixture(SMALL))
})
afterAll(() => api.close())

const ask = async (body: string) => {
  const { status, json } = await post(api.port, '/v1/data/probe/nothing', body, { 'content-type': 'application/yaml' })
  return { status, code: json.code, message: json.message }
}
/** `text`, and as many aliases of it. */
const aliased = (text: string, count: number) => `input:\n  a: &a ${text}\n  b: [${'*a,'.repeat(count)}]\n`
const TOO_LARGE = { status: 413, code: 'payload_too_large' }

describe('a YAML body', () => {
  it('is at most 16 KiB', async () => {
    const start = 'input: '
    const body = (bytes: number) => start + 'x'.repeat(bytes - start.length)
    expect((await ask(body(16 * 1024))).status).toBe(200)
    expect(await ask(body(16 * 1024 + 1))).toMatchObject(TOO_LARGE)
  })

  it('holds at most 100,000 values with its aliases written out', async () => {
    const thousand = `[${'1,'.repeat(1000)}]`
    expect((await ask(aliased(thousand, 90))).status).toBe(200)
    expect(await ask(aliased(thousand, 110))).toMatchObject(TOO_LARGE)
  })

  it('holds at most 256 Ki characters with its aliases written out', async () => {
    const text = 'x'.repeat(1024)
    expect((await ask(aliased(text, 254))).status).toBe(200)
    expect(await ask(aliased(text, 256))).toMatchObject({
      ...TOO_LARGE,
      message: expect.stringMatching(/aliases.*JSON/),
    })
    const keys = `input:\n  a: &a ${text}\n  b: [${'{*a : 1},'.repeat(256)}]\n`
    expect(await ask(keys)).toMatchObject(TOO_LARGE)
  })
})
