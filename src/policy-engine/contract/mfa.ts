/** `mfa`: may this person add, use, rename or remove a second factor, and how fresh must the sign-in be? WebAuthn Level 3, RFC 6238, RFC 9470. */
import { Type } from '../../schema/type.ts'
import { closed, decision, oneOf, strings } from './decision.ts'
import { Client, OwnAuthentication, RequestFacts, Subject, Tenant } from './facts.ts'
import { Device, RequestedLevels, Risk } from './risk.ts'

export const mfa = decision('mfa', {
  askedBy: 'src/auth/mfa/ask-mfa.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      action: oneOf(
        'view',
        'enrol_totp',
        'enrol_passkey',
        'rename',
        'remove',
        'make_recovery_codes',
        'end_other_sessions',
        'verify_totp',
        'verify_passkey',
        'verify_recovery_code',
      ),
      /** Absent where a passkey is asked for of whoever has one, and where no such account is. */
      subject: Type.Optional(Subject),
      /** Of the session of this browser; absent during a sign-in. */
      authentication: Type.Optional(OwnAuthentication),
      /** A sign-in is under way, and what it is about. */
      sign_in: Type.Optional(
        Type.Object(
          {
            /** `login` demands that a factor is added before it goes on. */
            enrolment_demanded: Type.Boolean(),
            /** Factors that were proven in it. */
            proven: strings(),
          },
          closed,
        ),
      ),
      /** On whose behalf the person signs in, and what it asks for; absent outside a sign-in. */
      client: Type.Optional(Client),
      requested: Type.Optional(RequestedLevels),
      /** Of this browser and account. Absent where a page is only shown. */
      device: Type.Optional(Device),
      risk: Type.Optional(Risk),
      /** What the account has by now. */
      held: Type.Object(
        { totp_factors: Type.Integer(), passkeys: Type.Integer(), recovery_codes_left: Type.Integer() },
        closed,
      ),
      /** What was shown: of `enrol_passkey` and `verify_passkey`, once the authenticator has answered. */
      authenticator: Type.Optional(
        Type.Object(
          {
            /** Its model, as it says. Only a `verified` attestation makes it more than a claim. */
            aaguid: Type.String(),
            attestation: oneOf('none', 'self', 'untrusted', 'verified'),
            /** A PIN or biometric was checked in this ceremony. */
            user_verified: Type.Boolean(),
            backup_eligible: Type.Boolean(),
            backed_up: Type.Boolean(),
          },
          closed,
        ),
      ),
      /** Wrong codes of the second factor, those under way counted: in this sign-in, and of the account from this known device, this known network, or all others, in 15 minutes and in a day. */
      guesses: Type.Optional(
        Type.Object({ here: Type.Integer(), account: Type.Integer(), day: Type.Integer() }, closed),
      ),
      /** Action `remove`: the person could still sign in without it. */
      other_ways: Type.Optional(Type.Boolean()),
      request: RequestFacts,
    },
    closed,
  ),
  reasons: {
    too_many_guesses: 'slow_down',
    tenant_not_allowed: 'access_denied',
    subject_inactive: 'access_denied',
    not_signed_in: 'access_denied',
    too_risky: 'access_denied',
    enrolment_not_allowed: 'access_denied',
    already_enrolled: 'invalid_request',
    too_many_factors: 'invalid_request',
    nothing_enrolled: 'invalid_request',
    last_way_in: 'access_denied',
    user_not_verified: 'access_denied',
    attestation_not_verified: 'access_denied',
    authenticator_not_allowed: 'access_denied',
  },
  obligations: Type.Object(
    {
      /** `required`: the person signs in anew first, at `step_up_acr`, and no longer ago than `step_up_max_age_seconds`. */
      step_up: oneOf('none', 'required'),
      step_up_acr: Type.String(),
      step_up_max_age_seconds: Type.Integer({ minimum: 1, maximum: 24 * 3600 }),
      /** What authenticators are asked for, WebAuthn Level 3 5.8.6 and 5.4.7. */
      user_verification: oneOf('required', 'preferred', 'discouraged'),
      attestation: oneOf('none', 'direct'),
      /** How many recovery codes are made with it; 0: none. */
      recovery_codes: Type.Integer({ minimum: 0, maximum: 20 }),
    },
    closed,
  ),
})
