/** What a grant type fills in for the token endpoint's driver: what was presented, and how it is spent. RFC 6749 section 4. */
import type { Audit } from '../../../audit/events.ts'
import type { HttpRequest } from '../../../http/message.ts'
import type { DecisionInput } from '../../../policy-engine/contract/index.ts'
import type { Store, Successors } from '../../../storage/port.ts'
import type { Confirmation, GrantRecord, UserRecord } from '../../../storage/records.ts'
import type { AuthenticatedClient } from '../../client/authenticate.ts'
import type { Sender } from '../../token/sender.ts'
import type { EndGrant } from './end-grant.ts'

export type GrantType = DecisionInput<'token'>['grant_type']

export interface GrantDeps {
  readonly store: {
    readonly codes: Pick<Store['codes'], 'peek' | 'redeem' | 'burn'>
    readonly refreshTokens: Pick<Store['refreshTokens'], 'peek' | 'rotate' | 'reuse'>
    readonly accessTokens: Pick<Store['accessTokens'], 'put'>
    readonly users: Pick<Store['users'], 'find'>
    readonly deviceGrants: Pick<Store['deviceGrants'], 'poll'>
  }
  readonly endGrant: EndGrant
  readonly audit: Audit
}

/** The person's part of a grant. */
export interface PersonGrant {
  readonly record: GrantRecord
  readonly user: UserRecord
  /** What this code or refresh token carries. */
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** The key that the presented refresh token is bound to; its successor will be too. */
  readonly confirmation?: Confirmation | undefined
}

/** What a use brings into being, before the store has seen it. */
export interface Spendable {
  readonly successors: Successors
  readonly refreshToken?: string | undefined
  /** Obligation of the decision. */
  readonly graceSeconds: number
}

export interface Presented {
  /** Absent for client_credentials. */
  readonly person?: PersonGrant
  readonly requested: { readonly scopes: readonly string[]; readonly resources: readonly string[] }
  /** Only for the ID token of a code (OIDC Core 12.2). */
  readonly nonce?: string | undefined
  /** What a deny does to it: a code burns, a refresh token stays usable. */
  deny(): Promise<void>
  /**
   * Spends it and writes the new tokens in one step. Answers the refresh token that an earlier use gave, where its grace
   * holds: it stands for the new one, which was not written. Throws invalid_grant where it was spent, or ended, meanwhile.
   */
  spend(made: Spendable): Promise<string | undefined>
}

/** Reads and checks what was presented. Spends nothing: policy has not been asked yet. */
export type Present = (
  deps: GrantDeps,
  request: HttpRequest,
  client: AuthenticatedClient,
  sender: Sender,
) => Promise<Presented>
