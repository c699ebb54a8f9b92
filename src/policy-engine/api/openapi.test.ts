/** The OpenAPI document: made of the table of routes, served, and what the API answers fits it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SMALL } from '../bundle/bundle-fixture.ts'
import { type ApiUnderTest, loadFixture, openApi, type Received, send } from './api-fixture.ts'

interface Operation {
  readonly operationId: string
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, object>> }>>
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
}
interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

let api: ApiUnderTest
let document: Document
beforeAll(async () => {
  api = await openApi(await loadFixture(SMALL))
  document = JSON.parse((await send(api.port, '/openapi.json')).text) as Document
})
afterAll(() => api.close())

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )

it('describes every route of the table and no other (OpenAPI 3.1)', () => {
  expect(document.openapi).toBe('3.1.0')
  const served = api.app.routes.flatMap(({ path, method, head }) => [
    `${method.toLowerCase()} ${path}`,
    ...(head === true ? [`head ${path}`] : []),
  ])
  expect(
    operations()
      .map(({ path, method }) => `${method} ${path}`)
      .sort(),
  ).toEqual(served.sort())
})

it('names each operation once, and declares each parameter of its path', () => {
  const ids = operations().map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { path, operation } of operations()) {
    const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path').map(({ name }) => name)
    expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
  }
})

describe('what is answered stands in the document', () => {
  const METHODS = ['get', 'post', 'put', 'delete', 'head']
  it.each(METHODS)('to %s at every address', async (method) => {
    for (const path of Object.keys(document.paths)) {
      if (path === '/v1/events') continue
      const body = method === 'post' ? '{"inputs":{"a":1}}' : undefined
      const target = path.replace(/\{\w+\}/, 'probe/echo')
      const answer = await send(api.port, target, { method: method.toUpperCase(), body })
      const known = document.paths[path]?.[method] ?? Object.values(document.paths[path] ?? {})[0]
      expect([method, path, answer.status, contentFits(known, answer)]).toEqual([method, path, answer.status, true])
    }
  })
})

function contentFits(operation: Operation | undefined, { status, headers, text }: Received): boolean {
  const described = operation?.responses[String(status)]
  if (described === undefined) return false
  const type = headers['content-type']?.split(';')[0] ?? ''
  return text === '' || Object.keys(described.content ?? {}).includes(type)
}
