/**
 * What an event of ours is in the words of OpenID CAEP 1.0 (section 3): session-revoked, credential-change,
 * token-claims-change, assurance-level-change. Most events are none of them, and one may be two.
 */
import type { OutgoingEvent, OutgoingSignal } from '../../storage/outbox-port.ts'
import { levelChange } from '../session/assurance-level.ts'
import { CLAIM_NAMES } from '../user/claims.ts'

/** Each event type that streams carry, as it is named on the wire. */
export const EVENT_TYPES = {
  session_revoked: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
  credential_change: 'https://schemas.openid.net/secevent/caep/event-type/credential-change',
  token_claims_change: 'https://schemas.openid.net/secevent/caep/event-type/token-claims-change',
  assurance_level_change: 'https://schemas.openid.net/secevent/caep/event-type/assurance-level-change',
} as const
export type SignalType = keyof typeof EVENT_TYPES
export const SIGNAL_TYPES = Object.keys(EVENT_TYPES) as readonly SignalType[]

/** SSF 1.0 8.1.4.1: of every stream, whatever else it carries. */
export const VERIFICATION = 'https://schemas.openid.net/secevent/ssf/event-type/verification'

type Credential = Omit<Extract<OutgoingSignal, { readonly type: 'credential_change' }>, 'reasons'>

type Level = Omit<Extract<OutgoingSignal, { readonly type: 'assurance_level_change' }>, 'reasons'>

/** Before anybody has said what of it may be told. */
export type Candidate =
  | { readonly type: 'session_revoked' }
  | Credential
  | { readonly type: 'token_claims_change'; readonly claims: readonly string[] }
  | Level

const credential = (credentialType: string, changeType: Credential['changeType']): Candidate => ({
  type: 'credential_change',
  credentialType,
  changeType,
})

/** 3.3.1 names some; for what it has no word, one of ours. */
const CREDENTIALS: Readonly<Record<string, string>> = {
  totp: 'app',
  passkey: 'fido2-roaming',
  security_key: 'fido2-roaming',
  recovery_code: 'recovery-code',
  recovery_codes: 'recovery-code',
}
const credentialOf = ({ detail = '' }: OutgoingEvent): string => CREDENTIALS[detail.split(':')[0] ?? ''] ?? 'other'

/** Attributes of SCIM, and the claims that are made of them (OIDC Core 5.1). */
const CLAIMS_OF: Readonly<Record<string, readonly string[]>> = {
  userName: ['preferred_username'],
  displayName: ['name'],
  name: ['name', 'given_name', 'family_name', 'middle_name'],
  nickName: ['nickname'],
  profileUrl: ['profile'],
  photos: ['picture'],
  locale: ['locale'],
  timezone: ['zoneinfo'],
  emails: ['email', 'email_verified'],
  phoneNumbers: ['phone_number', 'phone_number_verified'],
  addresses: ['address'],
  roles: ['roles'],
  'urn:sallyport:params:scim:schemas:claims:1.0:User': ['website', 'gender', 'birthdate'],
}

const claimsOf = (changed: readonly string[]): readonly string[] => [
  ...new Set(changed.flatMap((name) => (Object.hasOwn(CLAIMS_OF, name) ? (CLAIMS_OF[name] ?? []) : []))),
]

const claimsChange = (claims: readonly string[]): Candidate[] =>
  claims.length === 0 ? [] : [{ type: 'token_claims_change', claims }]

function scimChange({ changed = [], detail }: OutgoingEvent): Candidate[] {
  // What a new person has, nobody knew otherwise; of one who is gone there is nothing to know.
  if (detail !== 'replace') return []
  return [
    ...(changed.includes('password') ? [credential('password', 'update')] : []),
    ...claimsChange(claimsOf(changed)),
  ]
}

/** Two levels and a space: values of `acr` hold none (OIDC Core 3.1.2.1). */
function levelsIn({ detail = '' }: OutgoingEvent): Level[] {
  const [previous = '', current = ''] = detail.split(' ')
  if (previous === '' || current === '') return []
  const direction = levelChange(previous, current)
  return [{ type: 'assurance_level_change', previous, current, ...(direction !== undefined && { direction }) }]
}

export function candidatesOf(event: OutgoingEvent): readonly Candidate[] {
  switch (event.name) {
    case 'session_ended':
      return [{ type: 'session_revoked' }]
    case 'assurance_level_changed':
      return levelsIn(event)
    case 'factor_added':
      return [credential(credentialOf(event), 'create')]
    case 'factor_removed':
      return [credential(credentialOf(event), 'delete')]
    case 'recovery_codes_made':
      return [credential('recovery-code', 'update')]
    case 'password_changed':
    case 'password_reset':
      return [credential('password', 'update')]
    case 'identity_linked':
      return [credential('federated', 'create')]
    case 'identity_unlinked':
      return [credential('federated', 'delete')]
    case 'email_changed':
    case 'email_verified':
      return claimsChange(['email', 'email_verified'])
    case 'profile_changed':
      // Who does not say what has changed may have changed anything.
      return claimsChange(event.changed === undefined ? CLAIM_NAMES : claimsOf(event.changed))
    case 'scim_changed':
      return scimChange(event)
    default:
      return []
  }
}

/** CAEP 1.0 2: who brought it about; undefined where that is not known. */
export function initiatorOf({ name }: OutgoingEvent): 'admin' | 'user' | 'policy' | undefined {
  if (name === 'scim_changed' || name === 'admin_changed') return 'admin'
  return name === 'session_ended' ? undefined : 'user'
}
