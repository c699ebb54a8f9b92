/** Row `tokens`: client_credentials with secret_basic, access tokens as ES256 JWT on both sides. */
import type { Environment } from '../environment.ts'
import { type HttpLoad, httpSide, type Running } from '../http-side.ts'
import { JWT_RESOURCE } from '../population.ts'
import type { RowDefinition } from '../row.ts'
import { compareSides } from './compare.ts'
import { fetchTokens, tokenRequest } from './http.ts'

function load(environment: Environment, { server, at }: Running): HttpLoad {
  const { clients, scope } = environment.population
  return {
    server,
    origin: at.origin,
    requests: clients.map((client) => tokenRequest(at, client, scope, JWT_RESOURCE)),
    expect: '"access_token":"eyJ',
  }
}

/** A signed ES256 JWT on both sides, or the row compares nothing. */
async function proveForm({ at }: Running, { requests }: HttpLoad): Promise<void> {
  const [token] = await fetchTokens(at, requests.slice(0, 1))
  const header = JSON.parse(Buffer.from(token?.split('.')[0] ?? '', 'base64url').toString()) as { alg?: string }
  if (header.alg !== 'ES256') throw new Error(`${at.origin} signs with ${header.alg}, not ES256`)
}

export const tokens: RowDefinition<Environment> = {
  name: 'tokens',
  unit: 'requests per CPU second',
  latencyUnit: 'ms',
  about:
    'client_credentials, secret_basic, ES256 JWT; 1,000 clients in turn; policy, logs and store on disk on our side',
  peer: 'npm oidc-provider, in-memory adapter',
  target: { of: 'ratio', is: '>=', value: 2 },
  async measure(environment) {
    const [ours, peer] = [await environment.ours.running(), await environment.peer.running()]
    const loads = { ours: load(environment, ours), peer: load(environment, peer) }
    await proveForm(ours, loads.ours)
    await proveForm(peer, loads.peer)
    return compareSides(
      environment.options,
      httpSide(environment.driver, loads.ours),
      httpSide(environment.driver, loads.peer),
    )
  },
}
