/**
 * `federation`: may this person come in by an account at an identity provider, and as whom? Asked before the browser is sent
 * there, when it is back, and where accounts are linked and unlinked. OIDC Core 3.1.2, RFC 9700 4.4; checklist 43.
 */
import { Type } from '../../schema/type.ts'
import { closed, decision, oneOf, strings } from './decision.ts'
import { Client, OwnAuthentication, RequestFacts, Subject, Tenant } from './facts.ts'
import { Device, RequestedLevels, Risk } from './risk.ts'

export const federation = decision('federation', {
  askedBy: 'src/auth/federation/ask-federation.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      /**
       * `start`: before the browser is sent to the provider. `entered`: it is back, and all that the provider said was checked.
       * `proved`: the person has then signed in to the account that it may belong to. `list`, `unlink`: at the person's own page.
       * `sign_out`: signed out here, the person wants to be signed out there.
       */
      stage: oneOf('start', 'entered', 'proved', 'list', 'unlink', 'sign_out'),
      /** `link`: somebody who is signed in wants a further way in. */
      purpose: oneOf('sign_in', 'link'),
      /** On whose behalf the person signs in; absent at the person's own page. */
      client: Type.Optional(Client),
      /** What that sign-in was asked to reach. */
      requested: Type.Optional(RequestedLevels),
      /** As configured; absent at stage `list`. */
      provider: Type.Optional(
        Type.Object({ id: Type.String(), kind: oneOf('google', 'microsoft', 'github', 'oidc') }, closed),
      ),
      /** What the provider vouches for, from stage `entered` on. Nothing that names the person. */
      upstream: Type.Optional(
        Type.Object(
          {
            /** The provider has checked that the address is the person's, and its word counts. */
            email_verified: Type.Boolean(),
            /** Of the verified address. */
            email_domain: Type.Optional(Type.String()),
            /** The organisation: `tid` at Microsoft, `hd` at Google. */
            organisation: Type.Optional(Type.String()),
            /** Values of the claim that the configuration names. */
            groups: strings(),
            /** Roles that the configuration maps those to. */
            roles: strings(),
            acr: Type.Optional(Type.String()),
            amr: strings(),
          },
          closed,
        ),
      ),
      /** Whom the account at the provider belongs to here. */
      linked: oneOf('nobody', 'subject', 'another'),
      /**
       * Whether a person here has the verified address of the account at the provider: `verified`, proven here too;
       * `unverified`, as a user name that nobody has proven to be their address.
       */
      account: oneOf('none', 'unverified', 'verified'),
      /** Stages `entered` and `sign_in`: whom it is linked to. Else who is signed in. */
      subject: Type.Optional(Subject),
      /** Of who is signed in. */
      authentication: Type.Optional(OwnAuthentication),
      /**
       * Of this browser and `subject`, or of whoever the account here is; where nobody is known, what was counted of the place
       * alone. Absent where a page is only shown.
       */
      device: Type.Optional(Device),
      risk: Type.Optional(Risk),
      /** Stage `unlink`: the person could still sign in without it. */
      other_ways: Type.Optional(Type.Boolean()),
      request: RequestFacts,
    },
    closed,
  ),
  reasons: {
    tenant_not_allowed: 'access_denied',
    network_not_allowed: 'access_denied',
    client_inactive: 'unauthorized_client',
    not_signed_in: 'access_denied',
    too_risky: 'access_denied',
    subject_inactive: 'access_denied',
    linked_to_another: 'access_denied',
    email_not_verified: 'access_denied',
    account_unverified: 'access_denied',
    last_way_in: 'access_denied',
  },
  obligations: Type.Object(
    {
      /**
       * `provider`: send the browser there. `enter`: sign in as `subject`. `create`: make an account, and sign in. `prove`: the
       * person signs in to the account of that address first. `link`: link it to `subject`. `none`: nothing, or the unlinking.
       */
      next: oneOf('provider', 'enter', 'create', 'prove', 'link', 'none'),
      /** `required`: whatever `next` says, the person signs in anew first. */
      step_up: oneOf('none', 'required'),
      /** Level that the provider's word is worth; a further factor raises it. */
      acr: Type.String(),
      /** Of an account that is made: SCIM attributes that are copied to it, and its roles. */
      attributes: strings(),
      roles: strings(),
      /** How long what the provider gave is kept, sealed, for signing out there; 0: not at all. */
      keep_seconds: Type.Integer({ minimum: 0, maximum: 30 * 24 * 3600 }),
    },
    closed,
  ),
})
