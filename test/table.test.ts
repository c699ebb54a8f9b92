/**
 * The table of routes and what must go along with it, without a server: `make check` tells here in a second what otherwise is
 * a service that does not start, or an endpoint that anybody may call at any rate.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { OPERATIONS } from '../src/auth/openapi/operations.ts'
import type { Route } from '../src/auth/route.ts'
import { routes } from '../src/auth/routes.ts'
import type { RouteDeps, Row } from '../src/auth/rows/row.ts'
import { ratedEndpoint } from '../src/auth/threat/limits/rate-limiter.ts'
import { DECISIONS } from '../src/policy-engine/contract/index.ts'

const ROOT = resolve(import.meta.dirname, '..')

/** Nothing is called here: what switches rows on is all that the table reads. */
const SWITCHED_ON: unknown = {
  issuer: 'https://auth.example',
  registration: {},
  signals: { streams: [{}], managed: true },
  providers: { all: [{}] },
  metrics: { registry: {} },
}

/** Decisions that no request waits for: signals of attacks are answered behind them. */
const BEHIND_REQUESTS: ReadonlySet<string> = new Set(['threat'])

const nameOf = ({ method, path }: Pick<Route, 'method' | 'path'>) => `${method} ${path}`

/** Which file holds each row, as its maintainer has to be told: those of `rows/` by what they make, any other is the table's own. */
async function homes(): Promise<ReadonlyMap<string, string>> {
  const files = readdirSync(join(ROOT, 'src/auth/rows')).map((name) => `src/auth/rows/${name}`)
  const found = await Promise.all(
    files.map(async (file) => {
      const module: Readonly<Record<string, unknown>> = await import(join(ROOT, file))
      const makers = Object.entries(module).filter(([name]) => name.endsWith('Rows'))
      return makers.flatMap(([, make]) => (make as (deps: unknown) => Row[])(SWITCHED_ON).map((row) => ({ row, file })))
    }),
  )
  return new Map(found.flat().map(({ row: [method, path], file }) => [nameOf({ method, path }), file]))
}
const HOMES = await homes()

/** Addresses that no client is told of: a page leads to them. */
const isTold = (path: string) => /^\/(oauth|\.well-known)\//.test(path) && path !== '/oauth/authorize/resume'

function violations(table: readonly Route[], readme: string): string[] {
  const asked = new Set(table.map(({ decision }) => decision))
  return [
    ...Object.keys(DECISIONS)
      .filter((name) => !BEHIND_REQUESTS.has(name) && !asked.has(name as keyof typeof DECISIONS))
      .map((name) => `src/auth/rows/: no row asks ${name}`),
    ...table.flatMap((route) => {
      const name = nameOf(route)
      const address = route.path.replaceAll(/:(\w+)/g, '{$1}')
      return [
        ...(OPERATIONS[name] === undefined ? [`src/auth/openapi/operations.ts: ${name} is not described`] : []),
        ...(existsSync(join(ROOT, 'src/auth', route.file))
          ? []
          : [`${HOMES.get(name) ?? 'src/auth/routes.ts'}: ${name} names ${route.file}, which is not there`]),
        ...(route.decision === 'public' || ratedEndpoint(route.path) !== undefined
          ? []
          : [`src/auth/threat/limits/rate-limiter.ts: ${name} has no rate limit`]),
        ...(isTold(route.path) && !readme.includes(`${address}\``)
          ? [`README.md: ${address} is not among the specifications`]
          : []),
      ]
    }),
  ].sort()
}

const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

test('every decision has a row, every row a description, a file, a rate limit, and a place in the README', () => {
  expect(violations(routes(SWITCHED_ON as RouteDeps), README)).toEqual([])
})

describe('turns red on a planted violation:', () => {
  const table = routes(SWITCHED_ON as RouteDeps)
  const without = table.filter(({ decision }) => decision !== 'revoke')
  const planted = (row: Partial<Route>): Route[] =>
    table.map((one) => (one.decision === 'revoke' ? { ...one, ...row } : one))

  test.each<[string, readonly Route[], string, readonly string[]]>([
    ['a decision without a row', without, README, ['src/auth/rows/: no row asks revoke']],
    [
      'a row that goes along with nothing',
      planted({ path: '/oauth/elsewhere' }),
      README,
      [
        'README.md: /oauth/elsewhere is not among the specifications',
        'src/auth/openapi/operations.ts: POST /oauth/elsewhere is not described',
        'src/auth/threat/limits/rate-limiter.ts: POST /oauth/elsewhere has no rate limit',
      ],
    ],
    [
      'a row whose file is not there: the file of the row is named',
      planted({ file: 'oauth/elsewhere.ts' }),
      README,
      ['src/auth/rows/protocols.ts: POST /oauth/revoke names oauth/elsewhere.ts, which is not there'],
    ],
    [
      'a row of the table itself',
      table.map((one) => (one.path === '/metrics' ? { ...one, file: 'nowhere.ts' } : one)),
      README,
      ['src/auth/routes.ts: GET /metrics names nowhere.ts, which is not there'],
    ],
    [
      'an address that the README forgot',
      table,
      README.replace('/oauth/revoke`', '`'),
      ['README.md: /oauth/revoke is not among the specifications'],
    ],
  ])('%s', (_what, rows, readme, expected) => {
    expect(violations(rows, readme)).toEqual(expected)
  })
})
