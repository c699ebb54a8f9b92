/**
 * Relying parties that nobody here wrote, as processes of their own, against a production instance over HTTP: discovery, a
 * code flow with PKCE, userinfo, refresh, introspection. RFC 6749, 7636, 7662, 9207, OIDC Core.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from '../servers/browser.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { REDIRECT_URI } from '../servers/population.ts'
import { converse, inClients, whyMissing } from './conversation.ts'

const SCOPE = 'openid profile email offline_access orders:read'
const POST_LOGOUT_URI = 'http://127.0.0.1:9/signed-out'

interface RelyingParty {
  readonly name: string
  readonly command: readonly string[]
  readonly env?: Record<string, string>
}

const RELYING_PARTIES: readonly RelyingParty[] = [
  { name: 'openid-client', command: [process.execPath, 'test/clients/openid-client/relying-party.ts'] },
  {
    name: 'authlib',
    command: ['python3', 'test/clients/authlib/relying_party.py'],
    // Plain http, on loopback.
    env: { PYTHONPATH: inClients('authlib'), AUTHLIB_INSECURE_TRANSPORT: '1' },
  },
  { name: 'go-oidc', command: [inClients('go-oidc')] },
  {
    name: 'nimbus',
    command: [
      'java',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      `${inClients('nimbus')}:${inClients('nimbus/*')}`,
      'RelyingParty',
    ],
  },
]

let deployment: Deployment

beforeAll(async () => {
  deployment = await deploy('one-process')
})
afterAll(() => deployment?.stop())

describe.each(RELYING_PARTIES)('$name', ({ name, command, env = {} }) => {
  const missing = name === 'openid-client' ? undefined : whyMissing(name)

  test.skipIf(missing !== undefined)(
    `code flow with PKCE, refresh, introspection${missing === undefined ? '' : ` (${missing})`}`,
    async () => {
      const { issuer, population } = deployment
      const { web, resourceServer, user } = population
      const browser = new Browser(issuer)
      const party = converse(command, env)
      try {
        party.say({
          issuer,
          client_id: web.id,
          client_secret: web.secret,
          scope: SCOPE,
          redirect_uri: REDIRECT_URI,
          post_logout_redirect_uri: POST_LOGOUT_URI,
          resource_server: { client_id: resourceServer.id, client_secret: resourceServer.secret },
        })
        const callback = await browser.authorize(String(await party.hear('authorize')), user)
        party.say({ callback: callback.href })
        expect(await party.hear('tokens')).toEqual({
          sub: user.sub,
          userinfo: expect.objectContaining({ sub: user.sub, name: 'Alice Doe', email: user.userName }),
          introspection: expect.objectContaining({ active: true, client_id: web.id, sub: user.sub, iss: issuer }),
          refreshed: true,
          rotated: true,
        })
      } finally {
        party.stop()
      }
    },
  )
})
