/** What the configuration says of clients, resources and scopes, checked as far as it can be here. Throws ConfigError. */
import { parseClient } from '../../auth/admin/clients/parse-client.ts'
import { offeredWith } from '../../auth/client/metadata/offered.ts'
import { blank, type ClientSettings } from '../../auth/client/metadata/together.ts'
import { needsSecretItself } from '../../auth/client/secrets.ts'
import { loadConfig, placeIn } from '../../config/load.ts'
import type { Config } from '../../config/schema.ts'
import type { ClientConfig, ResourceConfig, ScopeConfig } from '../../config/sections/clients.ts'
import { ConfigError, Problem } from '../../kernel/errors.ts'
import { SIGNING_ALGORITHMS } from '../../kernel/signing-algorithms.ts'
import { readSecrets, type SecretSource } from './secrets.ts'

export interface DesiredClient {
  readonly clientId: string
  readonly settings: ClientSettings
  /** The newest first. */
  readonly secrets: readonly SecretSource[]
  /** Whether the instance must make the secret, since it keeps it: client_secret_jwt. */
  readonly madeThere: boolean
}

export interface Code {
  readonly managedBy: string
  readonly clients: readonly DesiredClient[]
  readonly resources: readonly ResourceConfig[]
  readonly scopes: readonly ScopeConfig[]
}

/** The instance says what it offers; here only what is offered nowhere is wrong. */
const EVERYTHING = offeredWith(SIGNING_ALGORITHMS, { hasAuthorities: true })

type Parts = Pick<Config, 'clients' | 'resources' | 'scopes'>

export function readCode(config: Config): Code {
  const more = config.clients_file === undefined ? undefined : loadConfig({ file: config.clients_file, env: {} })
  const all: Parts = {
    clients: [...config.clients, ...(more?.clients ?? [])],
    resources: [...config.resources, ...(more?.resources ?? [])],
    scopes: [...config.scopes, ...(more?.scopes ?? [])],
  }
  refuseTwice(
    'clients',
    all.clients.map(({ client_id: id }) => id),
  )
  refuseTwice(
    'resources',
    all.resources.map(({ resource }) => resource),
  )
  refuseTwice(
    'scopes',
    all.scopes.map(({ scope }) => scope),
  )
  const known = new Set(all.clients.map(({ client_id: id }) => id))
  for (const { resource, servers } of all.resources)
    for (const id of servers)
      if (!known.has(id)) throw new ConfigError(`resources: ${resource}: there is no client ${id} in \`clients\``)
  const clients = desiredClients([config, ...(more === undefined ? [] : [more])], all)
  refuseTwice(
    'secrets',
    clients.flatMap(({ secrets }) => secrets.flatMap((source) => ('file' in source ? [source.file] : []))),
  )
  return {
    managedBy: config.managed_by,
    clients,
    resources: all.resources,
    scopes: all.scopes,
  }
}

function refuseTwice(key: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice !== undefined) throw new ConfigError(`${key}: ${twice} is there twice`)
}

/** All of them, or ConfigError with what is wrong with each, one a line. */
function desiredClients(sources: readonly Config[], all: Parts): readonly DesiredClient[] {
  const faults: string[] = []
  const managedBy = sources[0]?.managed_by ?? ''
  const clients = sources.flatMap((source) =>
    source.clients.flatMap((client, index): readonly DesiredClient[] => {
      try {
        return [desired(client, all, managedBy)]
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        faults.push(
          `${placeIn(source, ['clients', index, ...fieldAt(error.message)])}client ${client.client_id}: ${error.message}`,
        )
        return []
      }
    }),
  )
  if (faults.length > 0) throw new ConfigError(faults.join('\n'))
  return clients
}

/** A fault begins with its field: `grant_types[0] must be …`, `secrets: …`. */
function fieldAt(fault: string): readonly (string | number)[] {
  const [, field, index] = /^(\w+)(?:\[(\d+)\])?/.exec(fault) ?? []
  return [...(field === undefined ? [] : [field]), ...(index === undefined ? [] : [Number(index)])]
}

function desired(
  { client_id: clientId, secrets, ...body }: ClientConfig,
  all: Parts,
  managedBy: string,
): DesiredClient {
  const answersFor = all.resources.filter(({ servers }) => servers.includes(clientId)).map(({ resource }) => resource)
  const resources = [...new Set([...body.resources, ...answersFor])]
  try {
    const { settings } = parseClient({ ...body, resources, managed_by: managedBy }, blank, EVERYTHING, clientId)
    return { clientId, settings, secrets: readSecrets(settings, secrets), madeThere: needsSecretItself(settings) }
  } catch (error) {
    if (error instanceof Problem) throw new ConfigError(error.detail)
    throw error
  }
}
