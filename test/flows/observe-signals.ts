/** For tests: what a receiver of Security Event Tokens is told of a person whose address changed and whose session ended. */
import { decodeJwt } from 'jose'
import { adminToken, clientToken } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import type { Met, Observed } from './observed.ts'
import { tokensFor } from './requests.ts'
import { callWith } from './security-events.ts'

const SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User'

interface Told {
  readonly type: string
  readonly event: Readonly<Record<string, unknown>>
}

export async function observeSignals({ issuer, population }: Met): Promise<Observed> {
  const { admin, receiver, user, web } = population
  const manage = callWith(issuer, await adminToken(issuer, admin))
  const listen = callWith(issuer, await clientToken(issuer, receiver, 'ssf.read'))
  const told: Told[] = []
  /** False: policy lets nobody poll. */
  const poll = async (): Promise<boolean> => {
    const { status, body } = await listen('POST', '/ssf/poll/test', { returnImmediately: true })
    const sets: Readonly<Record<string, string>> = Object(body.sets)
    for (const set of Object.values(sets)) {
      const claims = decodeJwt(set)
      if (!JSON.stringify(claims.sub_id).includes(user.sub)) continue
      for (const [uri, event] of Object.entries(Object(claims.events)))
        told.push({ type: uri.split('/').at(-1) ?? '', event: Object(event) })
    }
    await listen('POST', '/ssf/poll/test', { maxEvents: 0, ack: Object.keys(sets) })
    return status === 200
  }
  if (!(await poll())) return {}
  told.length = 0
  const emails = [{ value: `${Math.random()}@example.com`, primary: true }]
  await manage('PUT', `/scim/v2/Users/${user.sub}`, { schemas: [SCHEMA], userName: user.userName, emails })
  await tokensFor({ issuer, population: { user } }, web, 'openid')
  await manage('POST', `/admin/users/${user.sub}/revoke`)
  const ended = () => told.find(({ type }) => type === 'session-revoked')
  await until(async () => {
    await poll()
    return ended() !== undefined
  }, 'the end of the session is told')
  const change = told.find(({ type }) => type === 'token-claims-change')
  return {
    'signal.reasons': ended()?.event.reason_admin === undefined ? 'that it ended' : 'why, too',
    'signal.claims': change === undefined ? 'nothing' : Object.keys(Object(change.event.claims)),
  }
}
