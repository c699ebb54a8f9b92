/**
 * Facts of risk: what was counted about where a request comes from and whom it is about. Measured by `src/auth/threat/`;
 * what follows from them is policy's to say. docs/threats.md names the window and the memory of each.
 */
import { type Static, Type } from '../../schema/type.ts'
import { closed, strings } from './decision.ts'

const count = () => Type.Integer({ minimum: 0 })

/** Of a sign-in. This attempt is in none of the counts. */
export const Risk = Type.Object(
  {
    /** Failed attempts. */
    failures: Type.Object(
      {
        /**
         * To this account from here: from this device where the account knows it, else from this network. Nobody elsewhere
         * can raise it.
         */
        here: count(),
        /** To this account from all devices that it does not know. Anybody can raise it. */
        account: count(),
        address: count(),
        /** The /24 or /48 of the address. */
        subnet: count(),
      },
      closed,
    ),
    /** Seconds since the last of them; absent where there is none. */
    since_failure: Type.Object({ here: Type.Optional(count()), account: Type.Optional(count()) }, closed),
    /** Different accounts that attempts from there failed for, about: credential stuffing. */
    accounts_tried: Type.Object({ address: count(), subnet: count() }, closed),
    /** What is shown is no secret that could be guessed: a passkey, or a provider's word. Failures of the account are not counted. */
    unguessable: Type.Optional(Type.Boolean()),
    /** More sign-ins fail in the whole tenant than is usual, by far: stuffing spread over many addresses. */
    surge: Type.Boolean(),
    /** This browser is none that has signed in to the account; true where no such account is, false where none is named yet. */
    new_device: Type.Boolean(),
    /** The account was signed in to from this network lately. */
    network_known: Type.Boolean(),
    /** The account was signed in to lately, and not from this network. */
    network_changed: Type.Boolean(),
    /** ISO 3166-1 alpha-2 of the address; absent where no source of places is configured or it doesn't say. */
    country: Type.Optional(Type.String()),
    /** From the place of the last sign-in to this one; absent where one of them is unknown. */
    travel: Type.Optional(Type.Object({ kilometres: count(), seconds: count() }, closed)),
    /** Nobody travels so far so fast. */
    impossible_travel: Type.Boolean(),
    /** About this account in the last hour: tokens, codes and proofs that came twice. */
    lately: Type.Object({ replays: count(), refresh_reuse: count() }, closed),
  },
  closed,
)
export type RiskFacts = Static<typeof Risk>

/** `known`: this browser has signed in to the account before; `remembered`: and was asked to be remembered, lately enough. */
export const Device = Type.Object({ known: Type.Boolean(), remembered: Type.Boolean() }, closed)

/** What the sign-in that is under way was asked to reach. */
export const RequestedLevels = Type.Object(
  { acr_values: Type.Optional(strings()), essential_acr: Type.Optional(strings()) },
  closed,
)

/** Of a client that people are asked to trust: consent phishing. */
export const ClientRisk = Type.Object(
  {
    /** It registered itself, RFC 7591: nobody vouches for it. */
    self_registered: Type.Boolean(),
    /** Since it was registered. */
    client_age_seconds: count(),
    /** Different people who agreed to it in the last hour, about. */
    people_agreed: count(),
  },
  closed,
)
export type ClientRiskFacts = Static<typeof ClientRisk>

/** A signal of `threat`, docs/threats.md: how often by then, as it counts, and how long ago it last rose. */
const risen = () => Type.Optional(Type.Object({ count: count(), seconds_ago: count() }, closed))

/**
 * Of a request that asks for a code or a token, or about one: who the client is, and the signals that rose in the last hour. Known
 * without asking the store. Absent where somebody registered the client, and nothing rose.
 */
export const RecentRisk = Type.Object(
  {
    /** The client that asks registered itself, RFC 7591: nobody vouches for it. */
    self_registered: Type.Boolean(),
    /** Since it was registered. */
    client_age_seconds: count(),
    /** About the person. */
    person: Type.Optional(Type.Object({ replay: risen(), refresh_reuse: risen(), impossible_travel: risen() }, closed)),
    /** About the client that asks; `replay`: of its assertions, and of proofs that came without a person's grant. */
    client: Type.Optional(
      Type.Object({ replay: risen(), introspection_spike: risen(), consent_phishing: risen() }, closed),
    ),
    /** About what the person gave this client: refresh tokens that came twice. */
    person_at_client: Type.Optional(Type.Object({ refresh_reuse: risen() }, closed)),
    /** About the address that the request comes from, and its /24 or /48. */
    address: Type.Optional(Type.Object({ credential_stuffing: risen() }, closed)),
    subnet: Type.Optional(Type.Object({ credential_stuffing: risen() }, closed)),
  },
  closed,
)
export type RecentRiskFacts = Static<typeof RecentRisk>
