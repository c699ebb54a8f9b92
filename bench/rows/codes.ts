/** Row `codes`: the authorization endpoint answers a code at once, for a person whose session is live. RFC 6749 4.1. */
import type { Environment } from '../environment.ts'
import { type HttpLoad, httpSide, type Running } from '../http-side.ts'
import type { RowDefinition } from '../row.ts'
import { compareSides } from './compare.ts'
import { codeRequest } from './http.ts'

async function load(environment: Environment, { server, at, cookies }: Running): Promise<HttpLoad> {
  const { web } = environment.population
  return {
    server,
    origin: at.origin,
    requests: (await cookies()).map((cookie) => codeRequest(at, web, cookie)),
    status: 303,
    expect: 'code=',
  }
}

export const codes: RowDefinition<Environment> = {
  name: 'codes',
  unit: 'requests per CPU second',
  latencyUnit: 'ms',
  about:
    'authorize to code with PKCE; 32 people signed in, consent not asked; ours decides twice and writes grant and code',
  peer: 'npm oidc-provider, in-memory adapter',
  target: { of: 'ratio', is: '>=', value: 1 },
  async measure(environment) {
    const [ours, peer] = [await environment.ours.running(), await environment.peer.running()]
    const left = httpSide(environment.driver, await load(environment, ours))
    const right = httpSide(environment.driver, await load(environment, peer))
    return compareSides(environment.options, left, right)
  },
}
