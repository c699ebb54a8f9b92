/**
 * Which identifier of a person a client reads. OIDC Core 8: `public`, the same for all, or `pairwise`, another for each
 * sector, so that clients of two sectors cannot find out that they serve the same person.
 */
import { createHmac, createSecretKey } from 'node:crypto'
import type { ClientRecord } from '../../storage/records.ts'
import type { DeriveKey } from './root-secret.ts'

/** `sub` as `client` reads it. The store, decisions and audit know a person by the identifier that is not derived. */
export type SubjectOf = (client: ClientRecord, sub: string) => string

/** Of https alone: the host behind any other scheme is nobody's. */
function hostOf(uri: string | undefined): string | undefined {
  if (uri === undefined || !URL.canParse(uri)) return undefined
  const { protocol, host } = new URL(uri)
  return protocol === 'https:' ? host : undefined
}

/** OIDC Core 8.1: what registration found, else the host of its redirect URIs. A client of neither is a sector by itself. */
const sectorOf = (client: ClientRecord): string =>
  client.sectorIdentifier ?? hostOf(client.redirectUris[0]) ?? `client ${client.clientId}`

export function subjectIdentifiers(derive: DeriveKey): SubjectOf {
  const bytes = derive('pairwise subjects')
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return (client, sub) => {
    if (client.metadata?.subject_type !== 'pairwise') return sub
    return createHmac('sha256', key)
      .update(JSON.stringify([sectorOf(client), sub]))
      .digest('base64url')
  }
}
