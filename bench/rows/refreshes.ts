/** Row `refreshes`: every answer's refresh token is the next request's; rotation, an ES256 access and ID token on both sides. */
import type { Environment } from '../environment.ts'
import { CONCURRENCY, type HttpLoad, httpSide, type Running } from '../http-side.ts'
import type { RowDefinition } from '../row.ts'
import { compareSides } from './compare.ts'
import { fetchRefreshToken, refreshRequest } from './http.ts'

const PLACEHOLDER = 'REFRESH_TOKEN'

async function load(environment: Environment, { server, at, cookies }: Running): Promise<HttpLoad> {
  const { web } = environment.population
  const first: string[] = []
  for (const cookie of (await cookies()).slice(0, CONCURRENCY)) first.push(await fetchRefreshToken(at, web, cookie))
  return {
    server,
    origin: at.origin,
    requests: [refreshRequest(at, web, PLACEHOLDER)],
    expect: '"id_token":"eyJ',
    chain: { name: at.origin, placeholder: PLACEHOLDER, member: 'refresh_token', first },
  }
}

export const refreshes: RowDefinition<Environment> = {
  name: 'refreshes',
  unit: 'requests per CPU second',
  latencyUnit: 'ms',
  about: 'refresh_token with rotation, 16 families; access and ID token as ES256 JWT',
  peer: 'npm oidc-provider, in-memory adapter',
  target: { of: 'ratio', is: '>=', value: 1.5 },
  async measure(environment) {
    const [ours, peer] = [await environment.ours.running(), await environment.peer.running()]
    const left = httpSide(environment.driver, await load(environment, ours))
    const right = httpSide(environment.driver, await load(environment, peer))
    return compareSides(environment.options, left, right)
  },
}
