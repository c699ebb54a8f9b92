/**
 * Passwords that a person ended because somebody else may know them ("this wasn't me", a change of address that was stopped): their
 * hashes are kept for a while, so that no reset brings one of them back. Checklist 45; docs/passwords.md.
 */
import { type Clock, epochSeconds } from '../../../kernel/clock.ts'
import { digestOf } from '../../../kernel/ids.ts'
import type { OneUseStore } from '../../../storage/port.ts'
import type { PasswordHasher } from './hasher.ts'
import { slowedDown } from './verify.ts'

/** Of one-use records. */
const KIND = 'ended_password'
const KEPT_SECONDS = 30 * 24 * 60 * 60
/** Each costs a hash to look at. */
const MOST = 3

export async function keepEndedPassword(
  { clock, store }: { readonly clock: Clock; readonly store: { readonly oneUse: Pick<OneUseStore, 'put'> } },
  tenant: string,
  { sub, passwordHash }: { readonly sub: string; readonly passwordHash?: string | undefined },
): Promise<void> {
  if (passwordHash === undefined) return
  const createdAt = epochSeconds(clock)
  await store.oneUse.put(tenant, digestOf(`${KIND}\n${sub}\n${passwordHash}`), {
    v: 1,
    kind: KIND,
    sub,
    facts: { passwordHash },
    createdAt,
    expiresAt: createdAt + KEPT_SECONDS,
  })
}

/** Throws temporarily_unavailable where as many hash as can. */
export async function isEndedPassword(
  deps: { readonly passwords: PasswordHasher; readonly store: { readonly oneUse: Pick<OneUseStore, 'list'> } },
  tenant: string,
  sub: string,
  password: string,
): Promise<boolean> {
  const ended = (await deps.store.oneUse.list(tenant, sub)).filter(({ kind }) => kind === KIND).slice(0, MOST)
  for (const { facts } of ended)
    if (await slowedDown(deps.passwords.verify(password, String(facts.passwordHash)))) return true
  return false
}
