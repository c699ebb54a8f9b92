import { expect, test } from 'vitest'
import type { AuditEvent } from '../../audit/events.ts'
import type { HttpRequest } from '../../http/message.ts'
import { noParams, parseParams } from '../../http/params.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { clientRecord } from '../session/endpoint-fixture.ts'
import { authenticateClient } from './authenticate.ts'

const record = (parts: Partial<ClientRecord>) =>
  clientRecord({ clientId: 'c', secretDigests: [digestOf('old'), digestOf('new')], ...parts })

function request(form: string, authorization?: string): HttpRequest {
  return {
    id: 'r',
    method: 'POST',
    path: '/',
    route: {},
    query: noParams,
    form: parseParams(form),
    json: undefined,
    headers: { authorization },
    cookies: {},
    origin: { address: '::1', time: { epoch_seconds: 0, minute_of_day: 0, weekday: 4 } },
    tenant: 'default',
  }
}

const audits: AuditEvent[] = []
const authenticate = (client: ClientRecord | undefined, form: string, authorization?: string) =>
  authenticateClient(
    {
      store: { clients: { find: async () => client } },
      audit: async (event) => void audits.push(event),
      certificates: { refuse: async () => 'certificate_missing' },
      assertions: {
        read: () => ({ fault: 'assertion_malformed', advice: 'mend it' }),
        refuse: async () => 'assertion_signature',
      },
    },
    request(form, authorization),
  )
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

test.each([
  ['basic, the newer secret', '', basic('c:new'), 'client_secret_basic'],
  ['basic, the older secret', '', basic('c:old'), 'client_secret_basic'],
  ['basic, with the same client_id in the form', 'client_id=c', basic('c:new'), 'client_secret_basic'],
  ['basic, escaped', '', basic('%63:n%65w'), 'client_secret_basic'],
  ['post', 'client_id=c&client_secret=new', undefined, 'client_secret_post'],
])('takes a confidential client by %s (RFC 6749 2.3.1; checklist 19)', async (_what, form, header, method) => {
  expect(await authenticate(record({}), form, header)).toMatchObject({ authMethod: method, tenant: 'default' })
})

test('takes a public client by its id alone (RFC 6749 2.1)', async () => {
  const found = await authenticate(record({ type: 'public', secretDigests: [] }), 'client_id=c')
  expect(found.authMethod).toBe('none')
})

test.each([
  ['an unknown client', undefined, 'client_id=c&client_secret=new', undefined],
  ['a wrong secret', record({}), 'client_id=c&client_secret=wrong', undefined],
  ['the digest itself', record({}), `client_id=c&client_secret=${digestOf('new')}`, undefined],
  ['a confidential client without a secret', record({}), 'client_id=c', undefined],
  ['a client whose secrets are all gone', record({ secretDigests: [] }), 'client_id=c&client_secret=', undefined],
  ['an empty secret by basic', record({ secretDigests: [] }), '', basic('c:')],
  ['a public client with a secret', record({ type: 'public' }), 'client_id=c&client_secret=new', undefined],
])('refuses %s in the same words, and audit hears of it (RFC 6749 5.2)', async (_what, client, form, header) => {
  audits.length = 0
  await expect(authenticate(client, form, header)).rejects.toMatchObject({
    code: 'invalid_client',
    detail: 'Client authentication failed.',
  })
  expect(audits).toMatchObject([{ event: 'client_authentication_failed' }])
  expect(JSON.stringify(audits)).not.toMatch(/new|wrong/)
})

test('refuses two methods at once (RFC 6749 2.3)', async () => {
  for (const form of ['client_secret=new', 'client_id=c&client_secret=new', 'client_id=d'])
    await expect(authenticate(record({}), form, basic('c:new'))).rejects.toMatchObject({ code: 'invalid_request' })
})

test('lets an inactive client through: policy judges it', async () => {
  expect((await authenticate(record({ active: false }), '', basic('c:new'))).record.active).toBe(false)
})

test.each(['client_secret_post', 'private_key_jwt', 'none'] as const)(
  'a client that registered %s uses nothing else (RFC 7591 2)',
  async (token_endpoint_auth_method) => {
    const client = record({ metadata: { token_endpoint_auth_method } })
    await expect(authenticate(client, '', basic('c:new'))).rejects.toMatchObject({ code: 'invalid_client' })
    const posted = authenticate(client, 'client_id=c&client_secret=new')
    if (token_endpoint_auth_method === 'client_secret_post')
      expect((await posted).authMethod).toBe('client_secret_post')
    else await expect(posted).rejects.toMatchObject({ code: 'invalid_client' })
  },
)
