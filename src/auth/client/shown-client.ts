/**
 * What a person agreed to when they were asked about a client that registers itself: its name, the hosts that a code goes to and
 * its type. Whoever replaces the registration by another one's (RFC 7592 2.2) takes no consent along. Checklist 16.
 */
import { digestOf } from '../../kernel/ids.ts'
import type { ClientRecord, ConsentRecord } from '../../storage/records.ts'

const hostOf = (uri: string): string => {
  const { protocol, host } = new URL(uri)
  return `${protocol}//${host}`
}

/** Undefined for one that operators keep: they answer for what they change. */
export function shownClient({ registration, name, type, redirectUris }: ClientRecord): string | undefined {
  if (registration === undefined) return undefined
  const hosts = new Set(redirectUris.map(hostOf))
  return digestOf(JSON.stringify([name, type, [...hosts].toSorted()]))
}

export const isConsentTo = ({ shownClient: shown }: ConsentRecord, client: ClientRecord): boolean =>
  shown === shownClient(client)
