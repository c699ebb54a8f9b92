/**
 * THE TABLE: every address of the auth service, what defines it, which file answers, what it asks, how its errors read. Its rows
 * stand by their kind in `rows/`.
 */
import packageFile from '../../package.json' with { type: 'json' }
import type { Metrics } from '../observability/metrics.ts'
import { openApi } from './openapi/document.ts'
import type { Route } from './route.ts'
import { accountRows } from './rows/account.ts'
import { adminRows } from './rows/admin.ts'
import { federationRows } from './rows/federation.ts'
import { protocolRows } from './rows/protocols.ts'
import type { RouteDeps, Row } from './rows/row.ts'
import { factorRows, mailLinkRows, signInRows } from './rows/sign-in.ts'
import { signalRows } from './rows/signals.ts'

/** What an application in a browser calls itself, and no cookie reaches. OIDC Core 5.3 of userinfo. */
const ANY_ORIGIN: ReadonlySet<string> = new Set(['/oauth/token', '/oauth/userinfo', '/oauth/revoke', '/oauth/par'])

/** Where GET gives a code, or begins or ends a session: what only looks ahead does none of it. RFC 9110 9.2.1. */
const ACTS_ON_GET: ReadonlySet<string> = new Set([
  '/oauth/authorize',
  '/oauth/authorize/resume',
  '/oauth/logout',
  '/federation/:provider/start',
  '/federation/callback/:provider',
])

const toRoute = ([method, path, source, file, decision, errors, handler]: Row): Route => ({
  method,
  path,
  source,
  file,
  decision,
  errors,
  anyOrigin: ANY_ORIGIN.has(path),
  actsOnGet: method === 'GET' && ACTS_ON_GET.has(path),
  handler,
})

/** Where the configuration asks for it: the metrics of this thread, in Prometheus's text format. */
const metricsRow = ({ registry }: Metrics): Row => [
  'GET',
  '/metrics',
  'Prometheus text format',
  'routes.ts',
  'public',
  'problem',
  async () => ({
    status: 200,
    headers: { 'content-type': registry.contentType },
    body: await registry.metrics(),
  }),
]

/** Described by all others, itself included. */
function openApiRow({ issuer }: RouteDeps, others: readonly Row[]): Row {
  const row = (handler: Route['handler']): Row => [
    'GET',
    '/openapi.json',
    'OpenAPI 3.1',
    'openapi/document.ts',
    'public',
    'problem',
    handler,
  ]
  const described = [...others, row(async () => ({ status: 200 }))].map(toRoute)
  return row(openApi(issuer, packageFile.version, described))
}

/** Pages of self-service that show something of their own: what its navigation may lead to. */
const isAccountPage = ([method, path]: Row): boolean =>
  method === 'GET' && /^\/account(\/|$)/.test(path) && !path.includes(':')

export function routes(given: Omit<RouteDeps, 'accountPaths'>): readonly Route[] {
  const accountPaths = new Set<string>()
  const deps = { ...given, accountPaths }
  const rows = [
    ...protocolRows(deps),
    ...signalRows(deps),
    ...signInRows(deps),
    ...mailLinkRows(deps),
    ...factorRows(deps),
    ...accountRows(deps),
    ...adminRows(deps),
    ...federationRows(deps),
    ...(deps.metrics ? [metricsRow(deps.metrics)] : []),
  ]
  for (const row of rows) if (isAccountPage(row)) accountPaths.add(row[1])
  return [...rows, openApiRow(deps, rows)].map(toRoute)
}
