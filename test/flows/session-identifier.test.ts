/** `sid` in ID tokens. OIDC Back-Channel Logout 2.1, Front-Channel Logout 3; what no client can use it is not told. */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClientMetadata } from '../../src/storage/client-metadata.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { addClient, BYE, signIn } from './signed-in.ts'

let service: TestService

beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service.close())

const NOWHERE = { post_logout_redirect_uris: [] }

test.each<[string, ClientMetadata, boolean]>([
  ['asks for sign-outs', { post_logout_redirect_uris: [BYE] }, true],
  ['hears of them from us', { ...NOWHERE, backchannel_logout_uri: 'https://shop.example/back' }, true],
  ['hears of them from the browser', { ...NOWHERE, frontchannel_logout_uri: 'https://shop.example/front' }, true],
  ['takes part in no sign-out', NOWHERE, false],
])('a client that %s', async (what, metadata, isTold) => {
  const client = await addClient(service.store, what.replaceAll(' ', '-'), metadata)
  const tokens = await signIn(service, new Browser(service.issuer), client)
  expect('sid' in decodeJwt(String(tokens.id_token))).toBe(isTold)
})
