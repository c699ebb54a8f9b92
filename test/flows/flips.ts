/** For tests: for each obligation of each decision an edit of the Rego, what is seen before it and what after. */
import type { Edit } from '../servers/policy-folder.ts'

export interface Flip extends Edit {
  /** Flips of one group stand in one bundle; none hides another. */
  readonly group: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9
  readonly before: unknown
  readonly after: unknown
}

const PROFILE = ['email', 'email_verified', 'name', 'preferred_username', 'sub', 'updated_at']
const SCOPES = 'email offline_access openid orders:read profile'
const USER = ['active', 'displayName', 'emails', 'id', 'meta', 'roles', 'schemas', 'userName']
const CLIENT = [
  'active',
  'audience',
  'client_id',
  'created_at',
  'dynamic',
  'first_party',
  'grant_types',
  'name',
  'post_logout_redirect_uris',
  'redirect_uris',
  'resources',
  'roles',
  'scopes',
  'secret_ids',
  'type',
  'updated_at',
]
/** Userinfo is read with these tokens too. */
const WIDER = ['urn:example:stock', 'urn:sallyport:default']
const PERMISSIONS = ['orders:read', 'profile:read']

/** Decisions, or single obligations, of what must be set up first, and the test that flips them. */
export const FLIPPED_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['federation', 'test/flows/federation-policy.test.ts'],
  ['account', 'test/flows/account-policy.test.ts'],
  ['mfa', 'test/flows/factor-policy.test.ts'],
  ['login.remember_device_seconds', 'test/flows/factor-policy.test.ts'],
  ['login.while_waiting', 'test/flows/account-names.test.ts'],
  ['mail_link', 'test/flows/mail-link-policy.test.ts'],
  ['admin.step_up', 'test/flows/role-levels.test.ts'],
  ['admin.acr_values', 'test/flows/role-levels.test.ts'],
  ['scim.step_up', 'test/flows/role-levels.test.ts'],
  ['scim.acr_values', 'test/flows/role-levels.test.ts'],
])

/** `file`: the decision's, by the name of the field. */
const flip = (
  group: Flip['group'],
  field: string,
  from: string | RegExp,
  to: string,
  [before, after]: readonly [unknown, unknown],
): readonly [string, Flip] => [field, { group, file: `authz/${field.split('.')[0]}.rego`, from, to, before, after }]

export const FLIPS: ReadonlyMap<string, Flip> = new Map([
  flip(1, 'token.scopes', '"scopes": sort(given)', '"scopes": ["offline_access", "openid"]', [
    [SCOPES, SCOPES],
    ['offline_access openid', 'offline_access openid'],
  ]),
  flip(1, 'token.audience', '"audience": sort(audience)', `"audience": ${JSON.stringify(WIDER)}`, [
    'urn:sallyport:default',
    WIDER,
  ]),
  flip(1, 'token.access_token_ttl_seconds', /access_token_ttl_seconds := \d+/, 'access_token_ttl_seconds := 77', [
    [300, 300],
    [77, 77],
  ]),
  flip(1, 'token.id_token_ttl_seconds', /id_token_ttl_seconds := \d+/, 'id_token_ttl_seconds := 88', [300, 88]),
  flip(
    1,
    'token.refresh_token_ttl_seconds',
    /refresh_token_ttl_seconds := \d+/,
    'refresh_token_ttl_seconds := 5000',
    [2592000, 5000],
  ),
  flip(1, 'token.permissions', '"permissions": sort(permissions)', '"permissions": ["flipped"]', [
    PERMISSIONS,
    ['flipped'],
  ]),
  flip(1, 'token.claims', '"claims": {"tenant": input.tenant}', '"claims": {"flipped": [1, {"two": true}]}', [
    { tenant: 'default', flipped: undefined },
    { tenant: undefined, flipped: [1, { two: true }] },
  ]),
  flip(1, 'token.id_token_claims', '"id_token_claims": {}', '"id_token_claims": {"flipped": "yes"}', [
    { flipped: undefined },
    { flipped: 'yes' },
  ]),
  flip(1, 'introspect.permissions', '"permissions": sort(permissions)', '"permissions": ["flipped"]', [
    PERMISSIONS,
    ['flipped'],
  ]),
  flip(1, 'introspect.scopes', '"scopes": sort(held_scopes)', '"scopes": ["openid"]', [SCOPES, 'openid']),
  flip(1, 'introspect.audience', '"audience": sort(held_audience)', '"audience": ["urn:flipped"]', [
    'urn:sallyport:default',
    'urn:flipped',
  ]),
  flip(1, 'introspect.claims', '"claims": {"tenant": input.tenant}', '"claims": {"flipped": 1}', [
    { tenant: 'default', flipped: undefined },
    { tenant: undefined, flipped: 1 },
  ]),
  flip(1, 'authorize.claims', '"claims": sort(granted_claims)', '"claims": []', ['name', '']),
  flip(
    1,
    'authorize.request_uri_ttl_seconds',
    /request_uri_ttl_seconds := \d+/,
    'request_uri_ttl_seconds := 44',
    [60, 44],
  ),
  flip(
    1,
    'userinfo.claims',
    'scopes.claims(rbac.held_at(held_scopes, acr)) | asked_one_by_one',
    'scopes.claims(["email"])',
    [PROFILE, ['email', 'email_verified', 'sub']],
  ),
  flip(1, 'revoke.revoke', '"revoke": extent', '"revoke": "grant"', ['the token only', 'the whole grant']),
  flip(1, 'login.acr', '"acr": acr,', '"acr": "urn:sallyport:acr:mfa",', [
    'urn:sallyport:acr:password',
    'urn:sallyport:acr:mfa',
  ]),
  flip(1, 'login.offers', '"offers": sort(offers)', '"offers": []', ['a passkey', 'nothing']),
  flip(6, 'login.wait_seconds', '"wait_seconds": threat.wait_seconds(input.risk)', '"wait_seconds": 33', [
    'no pause',
    '33',
  ]),
  flip(1, 'login.amr', '"amr": sort(amr)', '"amr": ["otp", "pwd"]', [['pwd'], ['otp', 'pwd']]),
  flip(5, 'login.session_idle_seconds', /session_idle_seconds := \d+/, 'session_idle_seconds := 888', [7200, 888]),
  flip(1, 'login.session_ttl_seconds', /session_ttl_seconds := \d+/, 'session_ttl_seconds := 999', [28800, 999]),
  flip(1, 'consent.remember_seconds', '"remember_seconds": remember_seconds', '"remember_seconds": 0', [
    'remembered',
    'asked again',
  ]),
  flip(3, 'scim.revoke_access', '"revoke_access": revoke_access', '"revoke_access": false', ['ended', 'goes on']),
  flip(3, 'scim.vouches_for_email', '"vouches_for_email": vouches_for_email', '"vouches_for_email": false', [
    true,
    false,
  ]),
  flip(
    3,
    'scim.least_password_characters',
    'passwords.least_characters(roles_touched)',
    'max([20, passwords.least_characters(roles_touched)])',
    [201, 400],
  ),
  flip(2, 'scim.visible', '"visible": sort(visible)', '"visible": ["userName"]', [
    USER,
    ['id', 'meta', 'schemas', 'userName'],
  ]),
  flip(2, 'admin.visible', '"visible": sort(visible)', '"visible": ["name"]', [CLIENT, ['client_id', 'name']]),

  flip(2, 'authorize.scopes', '"scopes": sort(granted)', '"scopes": ["openid", "profile"]', [SCOPES, 'openid profile']),
  flip(2, 'authorize.audience', '"audience": sort(audience)', `"audience": ${JSON.stringify(WIDER)}`, [
    'urn:sallyport:default',
    WIDER,
  ]),
  flip(2, 'consent.scopes', '"scopes": sort(scopes.set_of(input.granted.scopes))', '"scopes": ["openid"]', [
    SCOPES,
    'openid',
  ]),
  flip(2, 'consent.claims', '"claims": sort(granted_claims)', '"claims": []', ['name', 'nothing']),
  flip(2, 'token.refresh_token', '"refresh_token": refresh_token', '"refresh_token": false', ['given', 'none']),
  flip(2, 'scim.writable', '"writable": sort(writable)', '"writable": []', [201, 403]),
  flip(2, 'admin.writable', '"writable": sort(writable)', '"writable": []', [201, 403]),

  flip(
    3,
    'authorize.device_code_ttl_seconds',
    /device_code_ttl_seconds := \d+/,
    'device_code_ttl_seconds := 300',
    [600, 300],
  ),
  flip(
    3,
    'authorize.device_interval_seconds',
    /device_interval_seconds := \d+/,
    'device_interval_seconds := 9',
    [5, 9],
  ),
  flip(3, 'authorize.consent', '"consent": consent', '"consent": "none"', ['asked', 'not asked']),
  flip(3, 'authorize.code_ttl_seconds', /\ncode_ttl_seconds := \d+/, '\ncode_ttl_seconds := 3', [
    'redeemed',
    'invalid_grant',
  ]),

  flip(2, 'token.sender_constraint', '"sender_constraint": sender_constraint', '"sender_constraint": "none"', [
    ['DPoP', 'its key'],
    ['Bearer', 'no key'],
  ]),
  flip(3, 'token.access_token_format', 'access_token_format := "jwt"', 'access_token_format := "opaque"', [
    { jwt: true, introspected: true, userinfo: 200 },
    { jwt: false, introspected: true, userinfo: 200 },
  ]),
  flip(3, 'token.refresh_grace_seconds', 'refresh_grace_seconds := 0', 'refresh_grace_seconds := 30', [
    'ends the family',
    'gives the same again',
  ]),

  flip(3, 'session.confirmation', '"confirmation": confirmation', '"confirmation": "required"', ['not asked', 'asked']),
  flip(2, 'session.next', '} else := "step_up"', '} else := "go_on"', ['asked to sign in', 'the session does']),
  flip(2, 'session.proof_seconds', /proof_seconds := \d+/, 'proof_seconds := 777', [600, 777]),
  flip(3, 'session.revoke_grants', 'revoke_grants := "online"', 'revoke_grants := "all"', ['goes on', 'ended']),
  flip(
    3,
    'authorize.sign_in',
    'default sign_in := "none"',
    'default sign_in := "none"\n\nsign_in := "required" if {\n\tinput.stage == "subject"\n\tnot input.signed_in_here\n}',
    ['the session does', 'asked to sign in'],
  ),
  flip(5, 'userinfo.step_up', 'default step_up := "none"', 'default step_up := "required"', [200, 401]),
  flip(5, 'userinfo.acr_values', 'default acr_values := []', 'default acr_values := ["urn:flipped", "urn:other"]', [
    undefined,
    'urn:flipped urn:other',
  ]),
  flip(5, 'userinfo.max_age_seconds', 'default max_age_seconds := 0', 'default max_age_seconds := 77', [
    undefined,
    '77',
  ]),
  flip(3, 'register.requires', '"requires": []', '"requires": ["par"]', [false, true]),
  flip(3, 'register.secret_ttl_seconds', /secret_ttl_seconds := \d+/, 'secret_ttl_seconds := 999', ['for ever', 999]),
  flip(3, 'register.unused_ttl_seconds', /unused_ttl_seconds := \d+/, 'unused_ttl_seconds := 2', ['kept', 'gone']),
  flip(4, 'register.scopes', '"scopes": sort(terms.scopes)', '"scopes": ["email"]', [
    ['openid email', 'address email offline_access openid phone profile'],
    ['email', 'email'],
  ]),
  flip(4, 'register.audience', '"audience": sort(terms.audience)', '"audience": ["urn:flipped"]', [
    [],
    ['urn:flipped'],
  ]),
  flip(4, 'register.grant_types', '"grant_types": sort(grantable)', '"grant_types": []', [['client_credentials'], []]),
  flip(7, 'threat.actions', '"actions": sort(actions)', '"actions": ["throttle"]', ['not throttled', 'throttled']),
  flip(
    8,
    'threat.throttle_seconds',
    /"actions": sort\(actions\),\s+"throttle_seconds": throttle_seconds,\s+"throttle_per_minute": throttle_per_minute/,
    '"actions": ["throttle"], "throttle_seconds": 2, "throttle_per_minute": 0',
    ['not throttled', 'shortly'],
  ),
  flip(
    9,
    'threat.throttle_per_minute',
    /"actions": sort\(actions\),\s+"throttle_seconds": throttle_seconds,\s+"throttle_per_minute": throttle_per_minute/,
    '"actions": ["throttle"], "throttle_seconds": throttle_seconds, "throttle_per_minute": 2',
    ['not throttled', 'a few pass'],
  ),
  flip(2, 'register.pkce', '"pkce": terms.pkce', '"pkce": "optional"', ['invalid_request', 'goes on']),
  flip(
    4,
    'register.assertion_audience',
    '"assertion_audience": terms.assertion_audience',
    '"assertion_audience": "endpoint"',
    ['issuer', 'endpoint'],
  ),
  flip(5, 'register.consent', '"consent": consent', '"consent": "always"', ['remembered', 'asked again']),
  flip(5, 'signal.reasons', 'default told := "none"', 'default told := "told"', ['that it ended', 'why, too']),
  flip(5, 'signal.claims', '"claims": sort(claims)', '"claims": ["email"]', ['nothing', ['email']]),

  flip(4, 'login.next', '"next": next,', '"next": "password",', ['signed in', 'asked again']),
])

/** Longer than the code lives once flipped, far shorter than before. */
export const CODE_AGE_MS = 3 * 1000
