/**
 * Remembers for a while who spent what is good once, by its digest: what comes again is then known from what never was, and
 * told as a sign of an attack. The store lets nothing be used twice without it.
 */
import type { OneUseStore } from '../../storage/port.ts'

export type SpentKind = 'recovery_code_spent' | 'password_link_spent' | 'passkey_challenge_spent'

const REMEMBERED_SECONDS = 24 * 3600

type SpentStore = Pick<OneUseStore, 'put' | 'find'>

export const noteSpent = (
  oneUse: SpentStore,
  tenant: string,
  kind: SpentKind,
  spent: { readonly digest: string; readonly sub: string; readonly at: number },
): Promise<void> =>
  oneUse.put(tenant, `${kind}:${spent.digest}`, {
    v: 1,
    kind,
    sub: spent.sub,
    facts: {},
    createdAt: spent.at,
    expiresAt: spent.at + REMEMBERED_SECONDS,
  })

/** Undefined: nobody did, or it is forgotten. */
export const whoSpent = async (
  oneUse: SpentStore,
  tenant: string,
  kind: SpentKind,
  digest: string,
): Promise<string | undefined> => (await oneUse.find(tenant, kind, `${kind}:${digest}`))?.sub
