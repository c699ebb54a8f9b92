/**
 * `account`: may this person do this to their own account, must they prove anew who they are first, and what of it do they
 * see and write? Every page of self-service asks it, those that only show something too.
 */
import { Type } from '../../schema/type.ts'
import { closed, decision, oneOf, strings } from './decision.ts'
import { OwnAuthentication, RequestFacts, Subject, Tenant } from './facts.ts'
import { FACTOR_KINDS } from './login.ts'
import { Risk } from './risk.ts'

export const account = decision('account', {
  askedBy: 'src/auth/sign-in/account-page.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      action: oneOf(
        'view',
        'change_profile',
        'change_email',
        'change_password',
        'end_session',
        'forget_device',
        'withdraw_consent',
        'revoke_grant',
        'link_identity',
        'unlink_identity',
        'report_activity',
        'export',
        'erase',
      ),
      /** What the page shows or the action is done to. */
      resource: Type.Object(
        {
          type: oneOf(
            'account',
            'profile',
            'password',
            'factor',
            'session',
            'device',
            'identity',
            'consent',
            'grant',
            'activity',
            'data',
          ),
          /** Of a grant or session, or the client of a consent; absent where the page is about all. */
          id: Type.Optional(Type.String()),
          /** It is this person's; false where there is none of that id, or it is somebody else's. */
          own: Type.Boolean(),
        },
        closed,
      ),
      /** Who is signed in here: the owner of the account, and nobody else. */
      subject: Subject,
      authentication: OwnAuthentication,
      /** What the account could prove itself with. */
      enrolled: Type.Array(oneOf(...FACTOR_KINDS)),
      /** SCIM names of the attributes that the request sets to another value. */
      changed: strings(),
      /** Of where the request comes from; absent where the page only shows something. */
      risk: Type.Optional(Risk),
      request: RequestFacts,
    },
    closed,
  ),
  reasons: {
    tenant_not_allowed: 'access_denied',
    network_not_allowed: 'access_denied',
    subject_inactive: 'access_denied',
    not_own: 'not_found',
    action_not_allowed: 'access_denied',
    attribute_not_writable: 'access_denied',
  },
  obligations: Type.Object(
    {
      /** `required`: nothing is done or shown before the person has signed in as `acr` and `max_age_seconds` say. */
      step_up: oneOf('none', 'required'),
      /** Levels of which one is needed. */
      acr: strings(),
      /** How old the sign-in may be. */
      max_age_seconds: Type.Integer({ minimum: 0, maximum: 400 * 24 * 3600 }),
      /** SCIM names of the attributes that the person may see, and those that they may change. */
      visible: strings(),
      writable: strings(),
      /** A new password needs so many characters, or what the password rules ask for if that is more. */
      least_password_characters: Type.Integer({ minimum: 8, maximum: 64 }),
      /** The person is told by letter that it was done. */
      notify: Type.Boolean(),
    },
    closed,
  ),
})
