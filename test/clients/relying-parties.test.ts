/**
 * Relying parties that nobody here wrote, as processes of their own, against a production instance over HTTP: discovery, a
 * code flow with PKCE, userinfo, refresh, introspection, logout and revocation. RFC 6749, 7009, 7636, 7662, 9207, OIDC Core.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from '../servers/browser.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { POST_LOGOUT_URI, REDIRECT_URI } from '../servers/population.ts'
import { converse, inClients, whyMissing } from './conversation.ts'

const SCOPE = 'openid profile email offline_access orders:read'

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

/** Signs out where the relying party sends the person; answers the address of the relying party that this ends at. */
async function leave(browser: Browser, url: string): Promise<URL> {
  const asked = await browser.visit(url)
  const page = asked.left === undefined ? await browser.submit(asked, {}) : asked
  if (page.left === undefined) throw new Error(`stayed at ${page.url}: ${page.status} ${page.text}`)
  return page.left
}

beforeAll(async () => {
  deployment = await deploy('one-process')
})
afterAll(() => deployment?.stop())

describe.each(RELYING_PARTIES)('$name', ({ name, command, env = {} }) => {
  const missing = name === 'openid-client' ? undefined : whyMissing(name)

  test.skipIf(missing !== undefined)(
    `code flow with PKCE, refresh, introspection, logout, revocation${missing === undefined ? '' : ` (${missing})`}`,
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
        const left = await leave(browser, String(await party.hear('logout')))
        expect(left.href).toMatch(`${POST_LOGOUT_URI}?`)
        party.say({})
        expect(await party.hear('after')).toEqual({ active: false })
        expect((await browser.visit(String(`${issuer}/logout`))).text).toContain('signed out')
      } finally {
        party.stop()
      }
    },
  )
})
