/**
 * The sector that a client's pairwise subjects are for: OIDC Core 8.1. A `sector_identifier_uri` must list every redirect
 * URI of the client (OIDC Registration 5), so that nobody joins a sector that does not know them. Asked when policy has
 * allowed the registration, since it goes out to an address that the client chose.
 */
import { isDeepStrictEqual } from 'node:util'
import { EgressError } from '../../../egress/egress.ts'
import type { ReadJson } from '../../../egress/json-document.ts'
import type { ClientRecord } from '../../../storage/records.ts'
import { MetadataFault } from './fault.ts'
import type { ClientSettings } from './together.ts'

export interface SectorDeps {
  readonly readJson: ReadJson
}

type Sector = Pick<ClientRecord, 'sectorIdentifier'>

const FIELD = 'sector_identifier_uri'

async function listed(deps: SectorDeps, uri: string): Promise<readonly unknown[]> {
  let document: unknown
  try {
    document = await deps.readJson(uri)
  } catch (cause) {
    if (!(cause instanceof EgressError)) throw cause
    throw new MetadataFault(FIELD, 'cannot be read: it must be a public https address that answers JSON')
  }
  if (!Array.isArray(document)) throw new MetadataFault(FIELD, 'must answer a JSON list of redirect URIs')
  return document
}

/** Nobody need own a name to write it behind a scheme of their own, and every machine has a loopback address. */
function provenHost(redirectUri: string): string | undefined {
  const { protocol, hostname } = new URL(redirectUri)
  return protocol === 'https:' ? hostname : undefined
}

async function findSector(deps: SectorDeps, { redirectUris, metadata }: ClientSettings): Promise<Sector> {
  const uri = metadata.sector_identifier_uri
  if (uri !== undefined) {
    const known = await listed(deps, uri)
    const missing = redirectUris.findIndex((redirectUri) => !known.includes(redirectUri))
    if (missing >= 0) throw new MetadataFault(FIELD, `does not list redirect_uris[${missing}]`)
    return { sectorIdentifier: new URL(uri).hostname }
  }
  if (metadata.subject_type !== 'pairwise') return {}
  const [host, ...more] = new Set(redirectUris.map(provenHost))
  if (more.length > 0)
    throw new MetadataFault(FIELD, 'is needed where redirect URIs have several hosts, or are not all https')
  return host === undefined ? {} : { sectorIdentifier: host }
}

const aboutSector = ({ redirectUris, metadata }: ClientSettings) => [
  redirectUris,
  metadata.sector_identifier_uri,
  metadata.subject_type,
]

/** Throws MetadataFault. `stored` keeps its sector while nothing of it changes. */
export async function sectorFor(
  deps: SectorDeps,
  settings: ClientSettings,
  stored?: { readonly settings: ClientSettings; readonly sector: string | undefined },
): Promise<Sector> {
  if (stored === undefined || !isDeepStrictEqual(aboutSector(settings), aboutSector(stored.settings)))
    return findSector(deps, settings)
  return stored.sector === undefined ? {} : { sectorIdentifier: stored.sector }
}
