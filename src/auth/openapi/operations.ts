/** What each route of the table takes, in the words of OpenAPI 3.1. The table itself says the rest: source, decision, errors. */
import { FACTOR_OPERATIONS } from './factor-operations.ts'
import { FEDERATION_OPERATIONS } from './federation-operations.ts'
import type { OperationDescription } from './operation-description.ts'

const text = { type: 'string' }
const texts = { type: 'array', items: text }
const flag = { type: 'boolean' }

const AUTHORIZATION = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'response_mode',
  'prompt',
  'max_age',
  'acr_values',
  'login_hint',
  'id_token_hint',
  'ui_locales',
  'claims',
  'resource',
  'dpop_jkt',
  'request_uri',
]
/** RFC 6749 2.3.1 and RFC 7521 4.2; the other methods are in headers or in TLS. */
const CLIENT = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type']
/** What the page that asks sends back. */
const SIGN_OUT_FORM = ['client_id', 'post_logout_redirect_uri', 'state']
const LOGOUT = ['id_token_hint', 'client_id', 'logout_hint', 'post_logout_redirect_uri', 'state', 'ui_locales']
const PAGE = [200, 303]
const LIST = ['offset', 'limit']

const ROTATION_BODY = { type: 'object', properties: { algorithms: texts, force: flag } }

const CLIENT_BODY = {
  type: 'object',
  properties: {
    name: text,
    type: { enum: ['confidential', 'public'] },
    active: flag,
    first_party: flag,
    redirect_uris: texts,
    grant_types: texts,
    scopes: texts,
    audience: texts,
    resources: texts,
    roles: texts,
    metadata: { type: 'object' },
    managed_by: text,
    keep_secret_ids: texts,
    rotate_secret: flag,
    secret_sha256: texts,
  },
}
const REGISTRATION_BODY = {
  type: 'object',
  properties: {
    client_name: text,
    redirect_uris: texts,
    grant_types: texts,
    response_types: texts,
    scope: text,
    token_endpoint_auth_method: text,
    jwks: { type: 'object' },
    jwks_uri: text,
    subject_type: { enum: ['public', 'pairwise'] },
    contacts: texts,
  },
}
const USER_BODY = {
  type: 'object',
  properties: {
    schemas: texts,
    userName: text,
    displayName: text,
    active: flag,
    password: text,
    emails: { type: 'array', items: { type: 'object', properties: { value: text, primary: flag } } },
    roles: { type: 'array', items: { type: 'object', properties: { value: text } } },
  },
}

const STREAM_BODY = {
  type: 'object',
  properties: {
    events_requested: texts,
    delivery: {
      type: 'object',
      properties: {
        method: { enum: ['urn:ietf:rfc:8935', 'urn:ietf:rfc:8936'] },
        endpoint_url: text,
        authorization_header: text,
      },
      required: ['method'],
    },
    description: text,
  },
}
const CHANGED_STREAM_BODY = {
  ...STREAM_BODY,
  properties: { stream_id: text, ...STREAM_BODY.properties },
  required: ['stream_id'],
}
const STREAM_STATUS_BODY = {
  type: 'object',
  properties: { stream_id: text, status: { enum: ['enabled', 'paused', 'disabled'] }, reason: text },
  required: ['stream_id', 'status'],
}
const VERIFY_BODY = { type: 'object', properties: { stream_id: text, state: text }, required: ['stream_id'] }
const POLL_BODY = {
  type: 'object',
  properties: {
    maxEvents: { type: 'integer', minimum: 0 },
    returnImmediately: flag,
    ack: texts,
    setErrs: { type: 'object', additionalProperties: { type: 'object' } },
  },
}

const authorization = { summary: 'asks for a code', parameters: AUTHORIZATION, answers: PAGE }
const endSession = { summary: 'signs out, for a client', parameters: LOGOUT, answers: PAGE }
const userinfo = { summary: 'claims about the person of the access token' }
const metadata = { summary: 'what this provider offers' }

/** By method and path of the table. A test holds the two to each other. */
export const OPERATIONS: Readonly<Record<string, OperationDescription>> = {
  'GET /.well-known/openid-configuration': metadata,
  'GET /.well-known/oauth-authorization-server': metadata,
  'GET /openapi.json': { summary: 'this document' },
  'GET /oauth/jwks': { summary: 'public keys that verify our tokens' },
  'GET /oauth/authorize': authorization,
  'POST /oauth/authorize': authorization,
  'GET /oauth/authorize/resume': {
    summary: 'takes up a request after sign-in or consent',
    parameters: ['interaction'],
    answers: PAGE,
  },
  'POST /session/binding': { summary: 'binds the session of a browser to a key of its device' },
  'POST /session/binding/refresh': { summary: 'proves the key of a bound session again' },
  'POST /oauth/par': {
    summary: 'keeps an authorization request under an address',
    parameters: [...CLIENT, ...AUTHORIZATION.filter((name) => name !== 'client_id' && name !== 'request_uri')],
    answers: [201],
  },
  'POST /oauth/token': {
    summary: 'gives tokens for a code, a refresh token, or to the client itself',
    parameters: [
      'grant_type',
      'code',
      'redirect_uri',
      'code_verifier',
      'refresh_token',
      'scope',
      'resource',
      ...CLIENT,
    ],
    required: ['grant_type'],
  },
  'POST /oauth/introspect': {
    summary: 'what a token may do, under the policy in force',
    parameters: ['token', 'token_type_hint', ...CLIENT],
    required: ['token'],
  },
  'POST /oauth/revoke': {
    summary: 'ends a token, and what policy says goes with it',
    parameters: ['token', 'token_type_hint', ...CLIENT],
    required: ['token'],
  },
  'GET /oauth/userinfo': userinfo,
  'POST /oauth/userinfo': { ...userinfo, parameters: ['access_token'] },
  'GET /oauth/logout': endSession,
  'POST /oauth/logout': endSession,
  'GET /logout': { summary: 'the page that asks whether to sign out' },
  'POST /logout': {
    summary: 'signs out of this browser',
    parameters: ['form_token', 'answer', ...SIGN_OUT_FORM],
    answers: PAGE,
  },
  'POST /oauth/register': { summary: 'registers a client', json: REGISTRATION_BODY, answers: [201] },
  'GET /oauth/register/:id': { summary: 'the client’s own registration' },
  'PUT /oauth/register/:id': { summary: 'replaces it', json: REGISTRATION_BODY },
  'DELETE /oauth/register/:id': { summary: 'ends it', answers: [204] },
  'GET /.well-known/ssf-configuration': { summary: 'what this transmitter of security events offers' },
  'POST /ssf/streams': { summary: 'makes a stream', json: STREAM_BODY, answers: [201], errors: [409] },
  'PATCH /ssf/streams': {
    summary: 'changes what is named of a stream',
    json: CHANGED_STREAM_BODY,
    errors: [404, 409],
  },
  'PUT /ssf/streams': {
    summary: 'replaces what a stream carries and where to',
    json: CHANGED_STREAM_BODY,
    errors: [404, 409],
  },
  'DELETE /ssf/streams': {
    summary: 'ends a stream',
    parameters: ['stream_id'],
    required: ['stream_id'],
    answers: [204],
    errors: [404],
  },
  'GET /ssf/streams': { summary: 'the streams of a client', parameters: ['stream_id'], errors: [404] },
  'GET /ssf/status': { summary: 'whether a stream goes on', parameters: ['stream_id'], errors: [404] },
  'POST /ssf/status': { summary: 'pauses, disables or enables a stream', json: STREAM_STATUS_BODY, errors: [404] },
  'POST /ssf/verify': {
    summary: 'asks for an event that shows that a stream works',
    json: VERIFY_BODY,
    answers: [204],
    errors: [404],
  },
  'POST /ssf/poll/:id': { summary: 'fetches and acknowledges security event tokens', json: POLL_BODY },
  'GET /assets/:digest/:name': { summary: 'scripts and pictures that pages name' },
  'GET /health': { summary: 'ready to serve' },
  'GET /health/live': { summary: 'the process answers' },
  'GET /metrics': { summary: 'metrics, in Prometheus’s text format' },
  'GET /login': { summary: 'the sign-in page: who is it?', parameters: ['interaction'], answers: PAGE },
  'POST /login': {
    summary: 'signs in',
    parameters: ['interaction', 'form_token', 'username', 'password', 'answer'],
    answers: PAGE,
  },
  'POST /oauth/device_authorization': {
    summary: 'a device asks for access',
    parameters: [...CLIENT, 'scope', 'resource'],
  },
  'GET /device': { summary: 'the page for a user code', parameters: ['user_code'], answers: PAGE },
  'GET /device/confirm': { summary: 'what a user code stands for', parameters: ['user_code'], answers: PAGE },
  'POST /device/confirm': {
    summary: 'answers a device',
    parameters: ['user_code', 'answer', 'form_token'],
    answers: PAGE,
  },
  'GET /login/password': { summary: 'the password step', parameters: ['interaction'], answers: PAGE },
  'POST /login/password': {
    summary: 'checks a password',
    parameters: ['password', 'answer', 'form_token'],
    answers: PAGE,
  },
  'GET /login/select': { summary: 'this account or another', parameters: ['interaction'], answers: PAGE },
  'POST /login/select': {
    summary: 'chooses an account',
    parameters: ['interaction', 'answer', 'form_token'],
    answers: [303],
  },
  ...FEDERATION_OPERATIONS,
  ...FACTOR_OPERATIONS,
  'GET /consent': { summary: 'the consent page', parameters: ['interaction'], answers: PAGE },
  'POST /consent': {
    summary: 'answers it',
    parameters: ['interaction', 'form_token', 'scope', 'answer'],
    answers: PAGE,
  },
  'GET /password/forgot': { summary: 'the page that asks for a link to a new password' },
  'POST /password/forgot': {
    summary: 'has a link sent, if there is such an account',
    parameters: ['username', 'form_token'],
  },
  'GET /password/reset': { summary: 'the page that a link leads to', parameters: ['link', 'after'] },
  'POST /password/reset': {
    summary: 'spends the link for a new password',
    parameters: ['link', 'new_password', 'form_token'],
  },
  'GET /email/verify': { summary: 'the page that a link leads to', parameters: ['link'] },
  'POST /email/verify': { summary: 'spends the link for a verified address', parameters: ['link', 'form_token'] },
  'GET /email/stop': { summary: 'the page that a link leads to', parameters: ['link'] },
  'POST /email/stop': {
    summary: 'spends the link that stops a change of address, or takes it back',
    parameters: ['link', 'form_token'],
  },
  'GET /account/password': { summary: 'the page to change your password', answers: PAGE },
  'POST /account/password': {
    summary: 'changes your password',
    parameters: ['password', 'new_password', 'end_others', 'form_token'],
    answers: PAGE,
  },
  'GET /account/profile': { summary: 'your profile', answers: PAGE },
  'POST /account/profile': {
    summary: 'changes it',
    parameters: ['form_token', 'version', 'displayName', 'givenName', 'familyName', 'nickName', 'picture', 'locale'],
    answers: [...PAGE, 409],
  },
  'GET /account/email': { summary: 'your e-mail address', answers: PAGE },
  'POST /account/email': {
    summary: 'has a letter sent that verifies it, or changes it',
    parameters: ['form_token', 'purpose', 'email'],
    answers: PAGE,
  },
  'GET /account/consents': { summary: 'apps with access to your account', answers: PAGE },
  'POST /account/consents/withdraw': {
    summary: 'ends what an app was allowed, and all that it holds',
    parameters: ['form_token', 'client_id'],
    answers: [303],
  },
  'POST /account/grants/revoke': {
    summary: 'ends one grant of an app',
    parameters: ['form_token', 'grant'],
    answers: [303],
  },
  'GET /account/activity': { summary: 'what happened to your account', answers: PAGE },
  'POST /account/activity/report': {
    summary: 'says that it was not you, and puts everybody else out',
    parameters: ['form_token', 'entry'],
    answers: [303],
  },
  'GET /account/data': { summary: 'what is kept of you, and the end of it', answers: PAGE },
  'POST /account/data/export': { summary: 'what is kept of you, as JSON', answers: PAGE },
  'POST /account/data/erase': { summary: 'deletes your account', parameters: ['confirm', 'form_token'], answers: PAGE },
  'GET /account/sessions': { summary: 'where you are signed in, and the devices known for you', answers: PAGE },
  'POST /account/sessions/end-others': { summary: 'ends all your sessions but this one', answers: PAGE },
  'POST /account/sessions/:id/end': { summary: 'ends one of your sessions', answers: PAGE },
  'POST /account/devices/:id/forget': { summary: 'has a device forgotten', answers: PAGE },
  'GET /account': { summary: 'who you are, and how safe your account is', answers: PAGE },
  'POST /scim/v2/Users': { summary: 'makes a user', json: USER_BODY, answers: [201] },
  'GET /scim/v2/Users': {
    summary: 'lists users',
    parameters: ['filter', 'startIndex', 'count', 'attributes', 'excludedAttributes'],
  },
  'GET /scim/v2/Users/:id': { summary: 'one user', parameters: ['attributes', 'excludedAttributes'] },
  'PUT /scim/v2/Users/:id': { summary: 'replaces a user', json: USER_BODY },
  'DELETE /scim/v2/Users/:id': { summary: 'deletes a user, and all that hangs on them', answers: [204] },
  'GET /scim/v2/ServiceProviderConfig': { summary: 'what of SCIM is offered' },
  'GET /scim/v2/ResourceTypes': { summary: 'the kinds of resources' },
  'GET /scim/v2/Schemas': { summary: 'their attributes' },
  'POST /admin/clients': { summary: 'registers a client', json: CLIENT_BODY, answers: [201] },
  'GET /admin/clients': { summary: 'lists clients', parameters: LIST },
  'GET /admin/clients/:id': { summary: 'one client' },
  'PUT /admin/clients/:id': { summary: 'changes a client', json: CLIENT_BODY },
  'DELETE /admin/clients/:id': { summary: 'deletes a client, and all that hangs on it', answers: [204] },
  'POST /admin/clients/:id/revoke': { summary: 'ends all that hangs on a client' },
  'GET /admin/users/:id/export': { summary: 'all that is kept of a person' },
  'POST /admin/users/:id/erase': {
    summary: 'erases a person and all that hangs on them; `files`: whether those of the store are rid of it',
  },
  'POST /admin/users/:id/revoke': { summary: 'ends all that hangs on a person' },
  'GET /admin/keys': { summary: 'lists signing keys' },
  'POST /admin/keys/rotate': { summary: 'makes the next keys sign now', json: ROTATION_BODY },
  'POST /admin/keys/rewrap': { summary: 'seals all records with the envelope key in force' },
  'POST /admin/keys/:id/revoke': { summary: 'takes a key away at once' },
  'GET /admin/sessions': { summary: 'lists sessions', parameters: [...LIST, 'sub'] },
  'DELETE /admin/sessions/:id': { summary: 'ends a session', answers: [204] },
  'GET /admin/grants': { summary: 'lists grants', parameters: [...LIST, 'sub', 'client_id', 'sid'] },
  'DELETE /admin/grants/:id': { summary: 'ends a grant and its tokens', answers: [204] },
}
