/** `var/dev/credentials.json`: what a demo needs to know, secrets included; mode 0600, `--dev` only. */
import { randomId, randomSecret } from '../../kernel/ids.ts'
import { readText, writePrivate } from './state.ts'

export interface ClientCredentials {
  readonly client_id: string
  readonly client_secret: string
}

export interface DevCredentials {
  readonly issuer: string
  readonly policy: string
  readonly user: { readonly username: string; readonly password: string }
  /** May administer: `sallyport login`. */
  readonly admin_user: { readonly username: string; readonly password: string }
  readonly client: ClientCredentials & { readonly redirect_uri: string }
  readonly resource_server: ClientCredentials
  readonly admin_client: ClientCredentials
}

export const CALLBACK_PATH = '/demo/callback'

/** Those of the last run under today's addresses, else new ones. Written by `keepCredentials`, once these addresses are ours. */
export function devCredentials(file: string, addresses: { issuer: string; policy: string }): DevCredentials {
  const last = readLast(file)
  const client = (clientId: string, known: ClientCredentials | undefined): ClientCredentials => ({
    client_id: clientId,
    client_secret: known?.client_secret ?? randomSecret(),
  })
  return {
    ...addresses,
    user: { username: 'demo', password: last?.user?.password ?? randomId(12) },
    admin_user: { username: 'admin', password: last?.admin_user?.password ?? randomId(12) },
    client: { ...client('demo-client', last?.client), redirect_uri: `${addresses.issuer}${CALLBACK_PATH}` },
    resource_server: client('demo-resource-server', last?.resource_server),
    admin_client: client('demo-admin', last?.admin_client),
  }
}

export const keepCredentials = (file: string, credentials: DevCredentials): void =>
  writePrivate(file, `${JSON.stringify(credentials, null, 2)}\n`)

function readLast(file: string): Partial<DevCredentials> | undefined {
  try {
    return JSON.parse(readText(file))
  } catch {
    return undefined
  }
}
