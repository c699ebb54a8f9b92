/** What each field of each stored record is. Typed by the records: one that is not classified, or not there, does not compile. */
import type { ActivityEntry } from '../../src/storage/activity-port.ts'
import type { DeviceGrantRecord } from '../../src/storage/device-grants.ts'
import type { PasskeyRecord, TotpRecord } from '../../src/storage/factors.ts'
import type { InteractionRecord, SignInProgress } from '../../src/storage/interaction-records.ts'
import type { OutboxTask, OutgoingEvent, StreamStatusRecord } from '../../src/storage/outbox-port.ts'
import type * as Records from '../../src/storage/records.ts'
import type { StreamRecord } from '../../src/storage/streams-port.ts'
import type { PresenceRecord, Rise, Throttle } from '../../src/storage/threat-port.ts'

/**
 * `personal` names, describes or places a person. `pseudonym` stands for one person, or for something of theirs, and says nothing
 * of them by itself. `secret` proves who somebody is, and is kept so that it cannot be used: hashed, or sealed with the envelope
 * key. `plain` is about nobody.
 */
export type FieldClass = 'personal' | 'pseudonym' | 'secret' | 'plain'
export const CLASSES: readonly FieldClass[] = ['personal', 'pseudonym', 'secret', 'plain']

type Every<R> = R extends unknown ? Exclude<keyof R, 'v'> & string : never
type Lists<R> = Readonly<Partial<Record<FieldClass, readonly Every<R>[]>>>
type Listed<L> = { [C in keyof L]: L[C] extends readonly (infer F)[] ? F : never }[keyof L]
/** Nothing to object to, or the fields that were forgotten. */
type Whole<R, L> = [Exclude<Every<R>, Listed<L>>] extends [never]
  ? unknown
  : { forgotten: Exclude<Every<R>, Listed<L>> }

export interface Stored {
  readonly what: string
  /** When it goes. */
  readonly until: string
  /** What of it is in the copy that a person gets. */
  readonly copy: 'yes' | 'no'
  readonly fields: Readonly<Partial<Record<FieldClass, readonly string[]>>>
}

const of =
  <R>() =>
  <const L extends Lists<R>>(what: string, until: string, copy: Stored['copy'], fields: L & Whole<R, L>): Stored => ({
    what,
    until,
    copy,
    fields,
  })

const ERASED = 'the person is erased'
const ITS_END = 'its end'

export const STORED: readonly Stored[] = [
  of<Records.UserRecord>()('account', ERASED, 'yes', {
    personal: ['userName', 'profile'],
    pseudonym: ['sub'],
    secret: ['passwordHash'],
    plain: [
      'active',
      'roles',
      'createdAt',
      'updatedAt',
      'version',
      'revocationEpoch',
      'deviceEpoch',
      'emailChangedAt',
      'directoryEpoch',
    ],
  }),
  of<TotpRecord>()('one-time password', ERASED, 'yes', { secret: ['sealed'], plain: ['createdAt'] }),
  of<PasskeyRecord>()('passkey', ERASED, 'yes', {
    personal: ['name'],
    pseudonym: ['sub', 'credentialId', 'publicKey'],
    plain: [
      'transports',
      'backupEligible',
      'aaguid',
      'attestation',
      'userVerified',
      'createdAt',
      'counter',
      'backedUp',
      'lastUsedAt',
    ],
  }),
  of<Records.IdentityRecord>()('account at a provider', ERASED, 'yes', {
    personal: ['label'],
    pseudonym: ['key', 'sub', 'subject'],
    plain: ['provider', 'issuer', 'linkedAt'],
  }),
  of<Records.DeviceRecord>()('known device', `${ERASED}, 400 days`, 'yes', {
    personal: ['browser', 'system'],
    pseudonym: ['deviceId', 'sub'],
    plain: ['firstSeenAt', 'lastSeenAt', 'rememberedUntil', 'userEpoch', 'expiresAt'],
  }),
  of<Records.SessionRecord>()('session', ITS_END, 'yes', {
    personal: ['sight'],
    pseudonym: ['sid', 'sub', 'deviceKey'],
    plain: [
      'acr',
      'amr',
      'authTime',
      'primaryAt',
      'userEpoch',
      'createdAt',
      'expiresAt',
      'idleSeconds',
      'lastSeenAt',
      'revision',
    ],
  }),
  of<Records.ConsentRecord>()('consent', `${ERASED}, ${ITS_END}`, 'yes', {
    plain: ['scopes', 'claims', 'shownClient', 'grantedAt', 'expiresAt'],
  }),
  of<ActivityEntry>()('recent activity', `${ERASED}, the latest 100`, 'yes', {
    personal: ['place'],
    pseudonym: ['id'],
    plain: ['shelf', 'kind', 'detail', 'clientId', 'at', 'expiresAt', 'times'],
  }),
  of<PresenceRecord>()('places of sign-ins', ERASED, 'yes', { personal: ['networks', 'place'] }),
  of<Records.GrantRecord>()('grant', ITS_END, 'yes', {
    pseudonym: ['grantId', 'sub', 'sid', 'nonce'],
    plain: [
      'clientId',
      'scopes',
      'audience',
      'acr',
      'amr',
      'authTime',
      'claims',
      'userEpoch',
      'clientEpoch',
      'createdAt',
      'expiresAt',
      'revoked',
      'tokensEpoch',
    ],
  }),
  of<Records.CodeRecord>()('authorization code', ITS_END, 'no', {
    pseudonym: ['dpopJkt'],
    secret: ['codeChallenge'],
    plain: ['redirectUri', 'device', 'expiresAt'],
  }),
  of<Records.RefreshTokenRecord>()('refresh token', ITS_END, 'no', {
    pseudonym: ['confirmation'],
    plain: ['scopes', 'audience', 'issuedAt', 'expiresAt'],
  }),
  of<Records.AccessTokenRecord>()('access token', ITS_END, 'no', {
    pseudonym: ['jti', 'grantId', 'sub', 'confirmation'],
    secret: ['secretDigest'],
    plain: ['clientId', 'scopes', 'audience', 'acr', 'issuedAt', 'expiresAt', 'clientEpoch', 'tokensEpoch', 'revoked'],
  }),
  of<InteractionRecord>()('request that waits for its person', `${ERASED}, 30 minutes`, 'yes', {
    personal: ['loginHint', 'progress', 'uiLocales', 'claims'],
    pseudonym: ['state', 'nonce', 'dpopJkt', 'onlySub', 'consented'],
    secret: ['browserDigest', 'sessionDigest', 'codeChallenge', 'pushedDigest', 'sealed'],
    plain: [
      'clientId',
      'redirectUri',
      'responseMode',
      'scopes',
      'resources',
      'prompt',
      'acrValues',
      'essentialAcr',
      'maxAgeSeconds',
      'askSignIn',
      'authenticatedSince',
      'page',
      'accountChosen',
      'askConsent',
      'createdAt',
      'expiresAt',
      'revision',
    ],
  }),
  of<SignInProgress>()('sign-in under way (in the request that waits)', `${ERASED}, 30 minutes`, 'yes', {
    personal: ['userName'],
    pseudonym: ['sub'],
    plain: ['userEpoch', 'factors', 'steppingUp', 'rememberDevice', 'next', 'offers'],
  }),
  of<Records.PushedRequestRecord>()('pushed request', '30 minutes', 'no', {
    pseudonym: ['dpopJkt'],
    secret: ['sealed'],
    plain: ['clientId', 'beginsBefore', 'expiresAt', 'spent'],
  }),
  of<DeviceGrantRecord>()('device that waits for its person', `${ERASED}, 20 minutes`, 'yes', {
    personal: ['address'],
    plain: ['clientId', 'scopes', 'resources', 'intervalSeconds', 'createdAt', 'endsAt', 'expiresAt'],
  }),
  of<Records.OneUseRecord>()('link, challenge or state that works once', `${ERASED}, ${ITS_END}`, 'yes', {
    personal: ['facts'],
    pseudonym: ['sub'],
    plain: ['kind', 'createdAt', 'expiresAt'],
  }),
  of<Records.LogoutTask>()('sign-out to be told', 'it is told', 'no', {
    pseudonym: ['id', 'sid', 'sub'],
    plain: ['createdAt', 'kind', 'ends', 'clientId', 'attempts'],
  }),
  of<OutboxTask>()('security event to be told', 'it is told', 'no', {
    pseudonym: ['id', 'event'],
    plain: ['signal', 'attempts', 'createdAt', 'expiresAt'],
  }),
  of<OutgoingEvent>()('security event (in the task)', 'it is told', 'no', {
    pseudonym: ['id', 'sub', 'by', 'sid', 'requestId', 'decisionId', 'resource'],
    plain: ['name', 'at', 'clientId', 'detail', 'changed'],
  }),
  of<StreamStatusRecord>()('state of an event stream', 'it is changed', 'no', { plain: ['status', 'reason'] }),
  of<StreamRecord>()('event stream that its client made', 'it or its client is deleted', 'no', {
    secret: ['sealed'],
    plain: ['streamId', 'clientId', 'requested', 'description', 'pushUrl', 'createdAt', 'version'],
  }),
  of<Throttle>()('throttle in force', ITS_END, 'no', { pseudonym: ['key'], plain: ['perMinute', 'untilMs'] }),
  of<Rise>()('signal of the last hour', ITS_END, 'no', {
    pseudonym: ['key'],
    plain: ['about', 'signal', 'count', 'atMs', 'untilMs'],
  }),
  of<Records.ClientRecord>()('client', 'it is deleted', 'no', {
    secret: ['secretDigests', 'sealedSecrets'],
    plain: [
      'clientId',
      'name',
      'type',
      'active',
      'firstParty',
      'redirectUris',
      'grantTypes',
      'scopes',
      'audience',
      'resources',
      'roles',
      'metadata',
      'sectorIdentifier',
      'managedBy',
      'registration',
      'secretExpiresAt',
      'expiresAt',
      'createdAt',
      'updatedAt',
      'version',
      'revocationEpoch',
    ],
  }),
  of<Records.SigningKeyRecord>()('signing key', 'the last token that it signed has ended', 'no', {
    secret: ['sealed'],
    plain: ['kid', 'alg', 'publicJwk', 'kekId', 'createdAt', 'state', 'since', 'readyAt', 'asked'],
  }),
  of<Records.ChainHead>()('head of a log’s chain', '400 days', 'no', {
    plain: ['chain', 'place', 'seq', 'digest', 'at', 'closed', 'keyId', 'signature'],
  }),
]
