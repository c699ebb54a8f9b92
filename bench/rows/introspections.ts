/** Rows `introspections` and `introspections-redis`: RFC 7662 by a resource server; the peer's tokens are opaque, ours are JWT looked up in the store. */
import type { Environment } from '../environment.ts'
import { type HttpLoad, httpSide, type Running } from '../http-side.ts'
import { TOKENS } from '../population.ts'
import type { RowDefinition } from '../row.ts'
import { compareSides } from './compare.ts'
import { fetchTokens, introspectionRequest, tokenRequest } from './http.ts'
import { onRedis } from './on-redis.ts'

/** A token for each of the first clients, then one introspection request for each token. */
async function load(environment: Environment, { server, at }: Running): Promise<HttpLoad> {
  const { clients, resourceServer, scope } = environment.population
  const asked = clients.slice(0, TOKENS).map((client) => tokenRequest(at, client, scope, at.introspectedResource))
  const tokens = await fetchTokens(at, asked)
  return {
    server,
    origin: at.origin,
    requests: tokens.map((token) => introspectionRequest(at, resourceServer, token)),
    expect: '"active":true',
  }
}

async function sides(environment: Environment, ours: Running, peer: Running) {
  const left = httpSide(environment.driver, await load(environment, ours))
  const right = httpSide(environment.driver, await load(environment, peer))
  return { left, right }
}

const row = {
  unit: 'requests per CPU second',
  latencyUnit: 'ms',
  about: '500 tokens in turn, asked by one resource server; ours answers permissions under the current policy',
} as const

export const introspections: RowDefinition<Environment> = {
  ...row,
  name: 'introspections',
  peer: 'npm oidc-provider, in-memory adapter, opaque tokens',
  target: { of: 'ratio', is: '>=', value: 1.5 },
  async measure(environment) {
    const { left, right } = await sides(environment, await environment.ours.running(), await environment.peer.running())
    return compareSides(environment.options, left, right)
  },
}

export const introspectionsRedis: RowDefinition<Environment> = {
  ...row,
  name: 'introspections-redis',
  peer: 'npm oidc-provider with a Redis adapter, opaque tokens',
  target: { of: 'ratio', is: '>=', value: 1 },
  measure: (environment) => onRedis(environment, (ours, peer) => sides(environment, ours, peer)),
}
