/** Shape of `data.rbac` (policies/rbac/data.yaml), so that a typo in a rule or in the file stops the build. */
import { Type } from '../../schema/type.ts'
import { closed, oneOf, strings } from './decision.ts'
import { seconds } from './facts.ts'

const Hours = Type.Object(
  {
    /** UTC minute of the day, inclusive. */
    from_minute: Type.Integer({ minimum: 0, maximum: 1439 }),
    /** UTC minute of the day, exclusive. */
    to_minute: Type.Integer({ minimum: 1, maximum: 1440 }),
    /** ISO weekdays, 1 is Monday. */
    weekdays: Type.Array(Type.Integer({ minimum: 1, maximum: 7 })),
  },
  closed,
)

const Registration = Type.Object(
  {
    /** Whether a client may register without an initial access token. */
    open: Type.Boolean(),
    /** Registrations without a token that one address may make in an hour. */
    per_hour: Type.Integer({ minimum: 0 }),
    /** What such a client may have at most, and gets where it names nothing. */
    scopes: strings(),
    /** Resource indicators (RFC 8707) that it may ask tokens for. */
    audience: strings(),
    /** `optional`: confidential clients may leave PKCE out, for those that cannot send it. */
    pkce: oneOf('required', 'optional'),
    /** `endpoint`: for clients that make assertions in the ways of RFC 7523 before 2025. */
    assertion_audience: oneOf('issuer', 'endpoint'),
  },
  closed,
)

const Passkeys = Type.Object(
  {
    /** What authenticators are asked for, WebAuthn Level 3 5.8.6; `required` without it. */
    user_verification: Type.Optional(oneOf('required', 'preferred', 'discouraged')),
    /** `direct`: only authenticators whose attestation was verified; `none` without it. */
    attestation: Type.Optional(oneOf('none', 'direct')),
    /** Models, by AAGUID; where a list names any, the attestation must be verified. */
    allowed_aaguids: Type.Optional(strings()),
    denied_aaguids: Type.Optional(strings()),
  },
  closed,
)

export const RbacData = Type.Object(
  {
    /** Every role and what it may do. */
    roles: Type.Record(
      Type.String(),
      Type.Object(
        {
          permissions: strings(),
          /** Roles that holders of this one may give and take. */
          grants: strings(),
          /** Where present, holders act only in these hours. */
          hours: Type.Optional(Hours),
          /** Where present, holders need at least this acr. */
          acr: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
    /** Every scope: the permissions a token may exercise through it, and who may have it. */
    scopes: Type.Record(
      Type.String(),
      Type.Object(
        {
          permissions: strings(),
          /** Userinfo claims it releases, OIDC Core 5.4. */
          claims: strings(),
          /** `aud` that a token with this scope gets; empty means the tenant's default. */
          audience: strings(),
          /** Networks (CIDR) from which it may be used; empty means any. */
          networks: strings(),
          /** Where present, only for those who signed in at this level at least, RFC 9470. */
          acr: Type.Optional(Type.String()),
          /** Where present, only for those who signed in at most so long ago. */
          max_age_seconds: Type.Optional(Type.Integer({ minimum: 1 })),
        },
        closed,
      ),
    ),
    tenants: Type.Record(
      Type.String(),
      Type.Object(
        {
          active: Type.Boolean(),
          default_audience: strings(),
          denied_networks: strings(),
          /** ISO 3166-1 alpha-2: nobody signs in from there, where a source of places is configured (docs/threats.md). */
          denied_countries: Type.Optional(strings()),
          /** How long an address that a person put in the place of another resets no password; three days without it. */
          email_settling_seconds: Type.Optional(seconds(7 * 24 * 3600)),
          /** Dynamic client registration, RFC 7591; absent: nobody registers. */
          registration: Type.Optional(Registration),
          /** Which passkeys and security keys are let in; absent: all that verify their user. */
          passkeys: Type.Optional(Passkeys),
        },
        closed,
      ),
    ),
    /** Authentication levels, weakest first. */
    acr: strings(),
  },
  closed,
)
