/**
 * Our Data API beside OPA's own server on one policy: each request of the table answers the same status and the same values,
 * but for the differences that are listed here and in docs/policy-api.md.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseExact } from '../exact-json.ts'
import { type ApiUnderTest, loadFixture, openApi, type Received, send } from './api-fixture.ts'
import { type OpaServer, startOpa } from './opa-server-fixture.ts'
import { type ParityRequest, REQUESTS, SOURCE } from './parity-table.ts'

let opa: OpaServer
let ours: ApiUnderTest
beforeAll(async () => {
  const [server, bundle] = await Promise.all([startOpa(SOURCE), loadFixture(SOURCE)])
  opa = server
  ours = await openApi(bundle)
})
afterAll(async () => {
  await ours?.close()
  await opa?.close()
})

interface Seen {
  readonly status: number
  readonly type: string | undefined
  readonly encoding: string | undefined
  /** JSON with members in order; numbers as they are written. */
  readonly body: string
}

interface Difference {
  readonly why: string
  applies(request: ParityRequest, opa: Seen, ours: Seen): boolean
}

const bodyOf = ({ body }: ParityRequest): string => String(body ?? '')

/** Kept equal to docs/policy-api.md by a test below. */
const DIFFERENCES: readonly Difference[] = [
  {
    why: 'text after the JSON value of a body is refused, where OPA leaves it unread',
    applies: (request, theirs, own) => bodyOf(request).endsWith('}}') && theirs.status === 200 && own.status === 400,
  },
  {
    why: 'a trailing slash, `//`, `.` and `..` are answered at once, where OPA redirects',
    applies: (_, theirs, own) => [301, 307].includes(theirs.status) && [200, 404].includes(own.status),
  },
  {
    why: 'what is below a boolean or a number, a function, and a name with `"` or NUL are undefined, where OPA answers 500',
    applies: (_, theirs, own) => theirs.status === 500 && [200, 404].includes(own.status),
  },
  {
    why: 'a path whose escaped bytes are no UTF-8 is refused (400), where OPA answers 500',
    applies: (_, theirs, own) => theirs.status === 500 && own.status === 400,
  },
  {
    why: 'a set is reached into as the sorted array that it is written as, where OPA looks for a member',
    applies: (request, theirs) => request.path.includes('/app/kinds/') && theirs.status !== 500,
  },
  {
    why: 'an index with leading zeros names nothing, where OPA reads it as a number',
    applies: (request) => request.path.endsWith('/lists/flat/00'),
  },
  {
    why: 'documents cannot be written (405), where OPA answers 400 for what a bundle owns',
    applies: ({ method }, theirs, own) =>
      ['PUT', 'PATCH', 'DELETE'].includes(method ?? '') && theirs.status === 400 && own.status === 405,
  },
  {
    why: 'errors that OPA answers as text (404, 405, an address that is escaped wrongly) are JSON as all others',
    applies: (_, theirs, own) =>
      theirs.status === own.status && theirs.type !== 'application/json' && own.type === 'application/json',
  },
  {
    why: 'a built-in that fails strictly has no place in the policy: a compiled module does not tell it',
    applies: ({ path }, theirs, own) =>
      path.includes('strict-builtin-errors') && theirs.status === 500 && own.status === 500,
  },
  {
    why: '`instrument` gives what `metrics` gives: a compiled module does not count its operations',
    applies: ({ path }, theirs, own) => path.includes('instrument') && theirs.status === own.status,
  },
]

it('lists the same differences in the documentation', () => {
  const listed = readFileSync('docs/policy-api.md', 'utf8').matchAll(/^- differs: (.+)$/gm)
  expect([...listed].map(([, why]) => why)).toEqual(DIFFERENCES.map(({ why }) => why))
})

it('answers what OPA answers, but for the listed differences (OPA, "Data API", "Health API")', async () => {
  const met = new Set<Difference>()
  const unexpected: object[] = []
  for (const request of REQUESTS) {
    const { path, ...sent } = request
    const theirs = seen(await send(opa.port, path, sent))
    const own = seen(await send(ours.port, path, sent))
    if (JSON.stringify(theirs) === JSON.stringify(own)) continue
    const listed = DIFFERENCES.find((difference) => difference.applies(request, theirs, own))
    if (listed === undefined)
      unexpected.push({ request: `${sent.method ?? 'GET'} ${path} ${bodyOf(request).slice(0, 80)}`, theirs, own })
    else met.add(listed)
  }
  expect(unexpected).toEqual([])
  expect(DIFFERENCES.filter((difference) => !met.has(difference)).map(({ why }) => why)).toEqual([])
})

function seen({ status, headers, bytes }: Received): Seen {
  const encoding = headers['content-encoding']
  const type = headers['content-type']?.split(';')[0]
  const text = (encoding === 'gzip' ? gunzipSync(bytes) : bytes).toString()
  return {
    status,
    encoding,
    type: text === '' ? undefined : type,
    body: status >= 300 && status < 400 ? '' : comparableText(text, type),
  }
}

function comparableText(text: string, type: string | undefined): string {
  if (type !== 'application/json' || text === '')
    return type === 'text/plain' && text.startsWith('# HELP') ? 'metrics' : ''
  return JSON.stringify(comparable(parseExact(text)))
}

/** Without what names this run or is told in other words: ids, times, messages, revisions, folders. */
function comparable(document: unknown): unknown {
  if (!isObject(document)) return sorted(document)
  const { decision_id: id, provenance, metrics, message, errors, error, ...rest } = document
  return sorted({
    ...rest,
    ...(id !== undefined && { decision_id: typeof id }),
    ...(isObject(provenance) && {
      provenance: { ...provenance, version: '', bundles: Object.values(provenance.bundles ?? {}).length },
    }),
    ...(isObject(metrics) && { metrics: Object.keys(metrics) }),
    ...(message !== undefined && { message: typeof message }),
    ...(error !== undefined && { error: typeof error }),
    ...(Array.isArray(errors) && {
      errors: errors.map(({ code, location }) => ({ code, row: location?.row, col: location?.col })),
    }),
  })
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  )
}

const { isRawJSON } = JSON as typeof JSON & { isRawJSON(value: unknown): boolean }
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJSON(value)
