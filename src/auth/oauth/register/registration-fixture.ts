/** For tests: the registration endpoints over a real store, and a client as it talks to them. */
import { expect } from 'vitest'
import type { HttpRequest, Reply } from '../../../http/message.ts'
import type { DecisionInput, DecisionResult, Obligations } from '../../../policy-engine/contract/index.ts'
import { openSurroundings, type RequestParts, TENANT } from '../../session/endpoint-fixture.ts'
import { registrationHandlers } from './registration-handlers.ts'

const TERMS: Obligations<'register'> = {
  scopes: ['email', 'openid'],
  audience: [],
  grant_types: ['authorization_code', 'client_credentials', 'refresh_token'],
  consent: 'once',
  pkce: 'required',
  assertion_audience: 'issuer',
  requires: [],
  secret_ttl_seconds: 0,
  unused_ttl_seconds: 0,
}
export const allow = (terms: Partial<Obligations<'register'>> = {}): DecisionResult<'register'> => ({
  allow: true,
  reasons: [],
  obligations: { ...TERMS, ...terms },
})

export const REDIRECTS = ['https://app.example/cb']
export type Registered = Readonly<Record<string, unknown>> & {
  readonly client_id: string
  readonly client_secret: string
  readonly registration_access_token: string
}
export const bodyOf = (reply: Reply) => reply.body as Registered
export const failsWith = (code: string) => expect.objectContaining({ code })

export async function openRegistration() {
  const around = await openSurroundings({ register: () => allow() })
  const endpoints = registrationHandlers(around)
  const post = (json: unknown, parts: RequestParts = {}) =>
    endpoints.register(around.request({ method: 'POST', path: '/oauth/register', json, ...parts }))
  const managing = (known: Registered, parts: RequestParts = {}): HttpRequest =>
    around.request({
      route: { id: known.client_id },
      headers: { authorization: `Bearer ${known.registration_access_token}` },
      ...parts,
    })
  return {
    around,
    endpoints,
    post,
    register: async (metadata: object = {}) => bodyOf(await post({ redirect_uris: REDIRECTS, ...metadata })),
    managing,
    replace: (known: Registered, metadata: object = {}) =>
      endpoints.replaceRegistration(
        managing(known, { method: 'PUT', json: { client_id: known.client_id, redirect_uris: REDIRECTS, ...metadata } }),
      ),
    stored: (id: string) => around.store.clients.find(TENANT, id),
    asked: () => around.asked.map(({ input }) => input as DecisionInput<'register'>),
  }
}
