/** Starts the peer's process. */
import { join } from 'node:path'
import { type Contender, contender, freePort, HOST } from '../contender.ts'
import { OPAQUE_RESOURCE } from '../population.ts'

export const peer = (folder: string, populationFile: string): Contender =>
  contender(async () => {
    const port = await freePort()
    const origin = `http://${HOST}:${port}`
    return {
      at: { origin, token: '/token', introspect: '/token/introspection', introspectedResource: OPAQUE_RESOURCE },
      start: {
        name: 'oidc-provider',
        args: [join(import.meta.dirname, 'oidc-provider.ts'), String(port), populationFile],
        cwd: folder,
        env: {},
        readyUrl: `${origin}/.well-known/openid-configuration`,
      },
    }
  })
