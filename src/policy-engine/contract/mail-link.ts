/**
 * `mail_link`: may a letter with a one-use link go out, and may the link do what it is for? Nobody is signed in where these are
 * asked; whoever holds the link has the mailbox, and no more. OWASP ASVS 6.4.
 */
import { Type } from '../../schema/type.ts'
import { closed, decision, oneOf } from './decision.ts'
import { RequestFacts, Subject, seconds, Tenant } from './facts.ts'

export const mailLink = decision('mail_link', {
  askedBy: 'src/auth/user/ask-mail-link.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      /**
       * What the link is for: a new password, to prove the address of the account, to make another one its address, or
       * (`email_stop`) to take that back from the address that it had.
       */
      purpose: oneOf('password_reset', 'email_verify', 'email_change', 'email_stop'),
      /** `ask`: before a letter is sent; `use`: before the link is spent. */
      stage: oneOf('ask', 'use'),
      /** Whose account it is. Absent where there is none of that name, which only policy learns. */
      subject: Type.Optional(Subject),
      /** Whether the account has a password. */
      password: oneOf('absent', 'set'),
      /** Whether the letter goes, or went, to an address that was proven; absent where the account has no address. */
      email_verified: Type.Optional(Type.Boolean()),
      /** Since the person put the address of the account in the place of another; absent where they never did. */
      email_age_seconds: Type.Optional(Type.Integer({ minimum: 0 })),
      /** Letters of this kind that were asked for within the hour, this one not counted. */
      asked: Type.Object(
        {
          /** For the account from this device where the account knows it, else from this network. */
          here: Type.Integer(),
          /** For the account from all devices that it does not know; 0 where it knows this one. */
          account: Type.Integer(),
          address: Type.Integer(),
          /** For the account, that were let go in the quarter of an hour that runs, whoever asked. */
          lately: Type.Integer(),
        },
        closed,
      ),
      request: RequestFacts,
    },
    closed,
  ),
  reasons: {
    too_many_asked: 'slow_down',
    tenant_not_allowed: 'access_denied',
    network_not_allowed: 'access_denied',
    /** At stage `use` only: the page says that the link has ended. */
    account_not_fit: 'invalid_request',
  },
  obligations: Type.Object(
    {
      /** Whether the letter goes out. The page says the same in either case. */
      send: Type.Boolean(),
      /** How long the link holds. */
      ttl_seconds: seconds(7 * 24 * 3600),
      /** A new password needs so many characters, or what the password rules ask for if that is more. */
      least_password_characters: Type.Integer({ minimum: 8, maximum: 64 }),
      /** Whether all that the person was given before ends: sessions, grants, tokens. A change that is stopped always ends it. */
      revoke_access: Type.Boolean(),
      /** Whether the password ends with it: the account is signed in to by none until a new one is set by a link. */
      end_password: Type.Boolean(),
      /**
       * Whether ways in that were added lately end with it: second factors and accounts of providers from after the letter, or from
       * less than `ttl_seconds` before it, and all recovery codes.
       */
      end_factors: oneOf('none', 'recent'),
      /** The person is told by letter that it was done. */
      notify: Type.Boolean(),
    },
    closed,
  ),
})
