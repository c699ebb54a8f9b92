/** Starts the peer's process. */
import { join } from 'node:path'
import { type Contender, contender, freePort, HOST } from '../contender.ts'
import { OPAQUE_RESOURCE, PEOPLE, type Population } from '../population.ts'
import type { RedisAt } from '../redis.ts'
import { authorizePath } from '../rows/http.ts'
import { signInByRedirects } from '../sign-in.ts'

export interface PeerOptions {
  readonly folder: string
  readonly population: Population
  readonly populationFile: string
  /** Its store; without it, memory. */
  readonly redis?: RedisAt
}

export const peer = ({ folder, population, populationFile, redis }: PeerOptions): Contender =>
  contender(async () => {
    const port = await freePort()
    const origin = `http://${HOST}:${port}`
    const at = {
      origin,
      authorize: '/auth',
      token: '/token',
      introspect: '/token/introspection',
      introspectedResource: OPAQUE_RESOURCE,
    }
    const url = `${origin}${authorizePath(at, population.web)}`
    return {
      at,
      start: {
        name: 'oidc-provider',
        args: [join(import.meta.dirname, 'oidc-provider.ts'), String(port), populationFile],
        cwd: folder,
        env: redis === undefined ? {} : { BENCH_REDIS: JSON.stringify(redis) },
        readyUrl: `${origin}/.well-known/openid-configuration`,
      },
      // Each time anew: its memory keeps the last thousand records only.
      cookies: () => Promise.all(Array.from({ length: PEOPLE }, () => signInByRedirects(origin, url))),
    }
  })
