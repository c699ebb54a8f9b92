import { expect, it, test } from 'vitest'
import type { AuditEvent, AuditEventName } from '../../audit/events.ts'
import { candidatesOf, initiatorOf, SIGNAL_TYPES } from './caep.ts'
import { LEAVING, leaves, outgoing } from './events.ts'

const of = (event: AuditEventName, more: Partial<AuditEvent> = {}) =>
  outgoing({ event, tenant: 'default', sub: 'ada', ...more }, 'id', 1_795_780_800)

const credential = (credentialType: string, changeType: string) => ({
  type: 'credential_change',
  credentialType,
  changeType,
})
const level = (previous: string, current: string, more: object = {}) => ({
  type: 'assurance_level_change',
  previous,
  current,
  ...more,
})
const claims = (...names: string[]) => ({ type: 'token_claims_change', claims: names })

test.each<[string, ReturnType<typeof of>, readonly object[]]>([
  ['the end of a session', of('session_ended', { resource: 'session:s1' }), [{ type: 'session_revoked' }]],
  ['a TOTP added', of('factor_added', { detail: 'totp' }), [credential('app', 'create')]],
  ['a passkey removed', of('factor_removed', { detail: 'passkey' }), [credential('fido2-roaming', 'delete')]],
  ['a factor of a kind that is not known here', of('factor_added', { detail: 'x' }), [credential('other', 'create')]],
  ['recovery codes', of('recovery_codes_made'), [credential('recovery-code', 'update')]],
  ['a password', of('password_changed'), [credential('password', 'update')]],
  ['a reset', of('password_reset'), [credential('password', 'update')]],
  ['an identity linked', of('identity_linked'), [credential('federated', 'create')]],
  ['an identity unlinked', of('identity_unlinked'), [credential('federated', 'delete')]],
  ['an e-mail address', of('email_changed'), [claims('email', 'email_verified')]],
  [
    'a name',
    of('profile_changed', { changed: ['displayName', 'name'] }),
    [claims('name', 'given_name', 'family_name', 'middle_name')],
  ],
  ['what is no claim', of('profile_changed', { changed: ['externalId', '__proto__'] }), []],
  [
    'a directory’s replace',
    of('scim_changed', { detail: 'replace', changed: ['password', 'roles', 'emails'] }),
    [credential('password', 'update'), claims('roles', 'email', 'email_verified')],
  ],
  ['a directory’s create', of('scim_changed', { detail: 'create', changed: ['roles'] }), []],
  [
    'a step up (CAEP 1.0 3.4)',
    of('assurance_level_changed', { detail: 'urn:sallyport:acr:password urn:sallyport:acr:mfa' }),
    [level('urn:sallyport:acr:password', 'urn:sallyport:acr:mfa', { direction: 'increase' })],
  ],
  [
    'a fall',
    of('assurance_level_changed', { detail: 'urn:sallyport:acr:phishing_resistant urn:sallyport:acr:password' }),
    [level('urn:sallyport:acr:phishing_resistant', 'urn:sallyport:acr:password', { direction: 'decrease' })],
  ],
  [
    'a level of the operator’s own, which stands in no order',
    of('assurance_level_changed', { detail: 'urn:sallyport:acr:mfa https://refeds.org/profile/mfa' }),
    [level('urn:sallyport:acr:mfa', 'https://refeds.org/profile/mfa')],
  ],
  ['a change of level that names none', of('assurance_level_changed'), []],
  ['a sign-in', of('sign_in'), []],
  ['a sign-out, whose session says it', of('sign_out'), []],
])('%s', (_what, event, expected) => {
  expect(candidatesOf(event)).toEqual(expected)
})

it('maps to what streams carry alone, whatever event leaves', () => {
  for (const name of LEAVING)
    for (const { type } of candidatesOf(of(name, { detail: 'replace', changed: ['roles'] })))
      expect(SIGNAL_TYPES).toContain(type)
})

it('names the person of a change by SCIM or an administrator, and who did it beside', () => {
  const change = of('scim_changed', { sub: 'admin', resource: 'User:ada' })
  expect([change.sub, change.by, initiatorOf(change)]).toEqual(['ada', 'admin', 'admin'])
  const client = of('admin_changed', { sub: 'admin', resource: 'client:shop' })
  expect([client.sub, client.by]).toEqual([undefined, 'admin'])
  expect(of('admin_changed', { sub: 'admin', resource: 'user:ada' }).sub).toBe('ada')
})

it('keeps a session’s id apart from what is shown', () => {
  const ended = of('session_ended', { resource: 'session:s1' })
  expect([ended.sid, ended.resource, initiatorOf(ended)]).toEqual(['s1', undefined, undefined])
})

it('leaves everyday traffic, and what is about delivery itself, in the audit log', () => {
  for (const event of ['token_issued', 'bearer_rejected', 'signal_not_delivered', 'logout_delivered'] as const)
    expect([event, leaves({ event, tenant: 'default' })]).toEqual([event, false])
})
