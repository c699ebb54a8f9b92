/**
 * Makes an account for somebody whom a provider vouches for, with what policy lets it copy and the roles that policy gives.
 * The account and its identity are one write: neither is there without the other.
 */
import type { HttpRequest } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { randomId } from '../../kernel/ids.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import { firstRevocationEpoch, type IdentityRecord, identityKey, type UserRecord } from '../../storage/records.ts'
import type { FederationDeps } from './deps.ts'
import type { ProviderOptions } from './provider/options.ts'
import type { Upstream } from './provider/upstream.ts'

export const identityOf = (
  options: ProviderOptions,
  { issuer, subject, label }: Pick<Upstream, 'issuer' | 'subject' | 'label'>,
  sub: string,
  linkedAt: number,
): IdentityRecord => ({
  v: 1,
  key: identityKey(issuer, subject),
  sub,
  provider: options.id,
  issuer,
  subject,
  ...(label !== undefined && { label }),
  linkedAt,
})

/** What the policy's list and the provider's answer have in common, as a SCIM profile (RFC 7643 4.1). */
function profileOf({ attributes, email }: Upstream, allowed: readonly string[]): Readonly<Record<string, unknown>> {
  const given = allowed.filter((name) => Object.hasOwn(attributes, name))
  const plain = given.filter((name) => !name.includes('.')).map((name) => [name, attributes[name]] as const)
  const parts = given.filter((name) => name.startsWith('name.'))
  const name = Object.fromEntries(parts.map((part) => [part.slice('name.'.length), attributes[part]]))
  return {
    ...Object.fromEntries(plain),
    ...(parts.length > 0 && { name }),
    ...(email !== undefined &&
      allowed.includes('emails') && { emails: [{ value: email, primary: true }], emailVerified: true }),
  }
}

export async function createPerson(
  deps: FederationDeps,
  request: HttpRequest,
  options: ProviderOptions,
  upstream: Upstream,
  { attributes, roles }: Obligations<'federation'>,
): Promise<UserRecord> {
  const now = request.origin.time.epoch_seconds
  const profile = profileOf(upstream, attributes)
  const sub = randomId()
  const identity = identityOf(options, upstream, sub, now)
  // An address is a name only where it goes into the profile too; somebody may have taken it as a name meanwhile.
  const names = [...(profile.emails === undefined ? [] : [upstream.email ?? '']), `${options.id}-${randomId(9)}`]
  for (const userName of names) {
    const user: UserRecord = {
      v: 1,
      sub,
      userName,
      active: true,
      roles: [...roles],
      profile,
      createdAt: now,
      updatedAt: now,
      version: 1,
      revocationEpoch: firstRevocationEpoch(),
    }
    const written = await deps.store.identities.createPerson(request.tenant, user, identity)
    if (written === 'written') {
      await deps.audit({
        event: 'identity_linked',
        tenant: request.tenant,
        request_id: request.id,
        sub,
        detail: 'created',
        resource: `provider/${options.id}`,
      })
      return user
    }
    // The same person at once in two windows: one of them made the account.
    const made = await deps.store.identities.find(request.tenant, identity.key)
    const person = made && (await deps.store.users.find(request.tenant, made.sub))
    if (person !== undefined) return person
    // Somebody has proven the address here meanwhile: at the next try it leads to their account.
    if (written === 'email_taken') break
  }
  throw new OAuthError('temporarily_unavailable', { cause: 'no user name was free, or the address is taken' })
}
