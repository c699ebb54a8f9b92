/** Rows of sign-in at identity providers. */
import type { Route } from '../route.ts'
import type { RouteDeps, Row } from './row.ts'
import { whenAsked } from './when-asked.ts'

/** Where identity providers are configured. */
export function federationRows(deps: RouteDeps): Row[] {
  if (deps.providers.all.length === 0) return []
  const handlers = whenAsked(async () =>
    (await import('../federation/federation-handlers.ts')).federationHandlers(deps),
  )
  const row = (method: Route['method'], path: string, source: string, file: string, handler: Route['handler']): Row => [
    method,
    path,
    source,
    `federation/${file}.ts`,
    'federation',
    'page',
    handler,
  ]
  const back: Row = [
    'POST',
    '/federation/callback/:provider',
    'OAuth 2.0 Form Post Response Mode 2',
    'federation/callback.ts',
    'public',
    'page',
    handlers.formCallback,
  ]
  return [
    row('GET', '/federation/:provider/start', 'OIDC Core 3.1.2.1', 'start', handlers.start),
    row('GET', '/federation/callback/:provider', 'OIDC Core 3.1.2.5', 'callback', handlers.callback),
    back,
    row('GET', '/federation/link', 'account linking', 'link-pending', handlers.showLink),
    row('POST', '/federation/link', 'account linking', 'link-pending', handlers.link),
    row('POST', '/federation/sign-out', 'RP-Initiated Logout 2', 'sign-out', handlers.signOutThere),
    row('GET', '/account/identities', 'account page', 'identities', handlers.showIdentities),
    row('POST', '/account/identities/link', 'account page', 'identities', handlers.beginLink),
    row('POST', '/account/identities/unlink', 'account page', 'identities', handlers.unlink),
  ]
}
