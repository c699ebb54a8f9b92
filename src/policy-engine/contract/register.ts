/** `register`: may a client be registered, or manage its own registration, and on which terms? RFC 7591, RFC 7592. */
import { Type } from '../../schema/type.ts'
import { Actor } from './actor.ts'
import { closed, decision, oneOf, strings } from './decision.ts'
import { Client, RequestFacts, Tenant } from './facts.ts'

const YEAR_SECONDS = 365 * 24 * 3600

export const register = decision('register', {
  askedBy: 'src/auth/oauth/register/decide-register.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      action: oneOf('create', 'read', 'replace', 'delete'),
      /** What the request showed, found valid: nothing, an initial access token, or the client's own registration access token. */
      credential: oneOf('none', 'initial_access_token', 'registration_access_token'),
      /** The bearer of the initial access token. */
      actor: Type.Optional(Actor),
      /** The client that manages itself, as stored. */
      client: Type.Optional(
        Type.Object({ client_id: Type.String(), active: Type.Boolean(), grant_types: strings() }, closed),
      ),
      /** What the client asks to be; absent for read and delete. */
      requested: Type.Optional(
        Type.Object(
          {
            type: oneOf('confidential', 'public'),
            auth_method: Client.properties.auth_method,
            application_type: oneOf('web', 'native'),
            subject_type: oneOf('public', 'pairwise'),
            grant_types: strings(),
            /** Empty where it names none. */
            scopes: strings(),
            /** Where its codes would go: hosts, and schemes of apps such as `com.example.app:`. */
            redirect_hosts: strings(),
          },
          closed,
        ),
      ),
      /** Registrations without a token from this address within the hour, this one included; 0 for any other request. */
      registrations: Type.Integer(),
      request: RequestFacts,
    },
    closed,
  ),
  reasons: {
    tenant_not_allowed: 'access_denied',
    network_not_allowed: 'access_denied',
    token_inactive: 'invalid_token',
    registration_closed: 'invalid_token',
    permission_missing: 'insufficient_scope',
    rate_exceeded: 'slow_down',
    client_inactive: 'access_denied',
    grant_not_allowed: 'invalid_client_metadata',
  },
  obligations: Type.Object(
    {
      /** What it may have of scopes and resource indicators (RFC 8707); it gets of what it asks for no more, of scopes all where it asks for none. */
      scopes: strings(),
      audience: strings(),
      grant_types: strings(),
      /** `always`: consent is asked at every authorization. */
      consent: oneOf('always', 'once'),
      pkce: oneOf('required', 'optional'),
      /** Which audience its client assertions may have, RFC 7523 3. */
      assertion_audience: oneOf('issuer', 'endpoint'),
      /** Settings in force whatever it asks for: RFC 9126, RFC 9449, RFC 8705. */
      requires: Type.Array(oneOf('par', 'dpop', 'mtls')),
      /** 0: the secret never ends. */
      secret_ttl_seconds: Type.Integer({ minimum: 0, maximum: 10 * YEAR_SECONDS }),
      /** What is not used within is gone; 0: it stays. */
      unused_ttl_seconds: Type.Integer({ minimum: 0, maximum: YEAR_SECONDS }),
    },
    closed,
  ),
})
