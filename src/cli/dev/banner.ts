/** What `make run` prints when it is ready: addresses, the demo's people and clients, three commands to paste. */
import type { DevCredentials } from './credentials.ts'

export interface DevFiles {
  readonly credentials: string
  /** Empty where letters are sent. */
  readonly mail: string
}

export interface Surroundings {
  readonly now: Date
  /** Path of the node that runs the demo. */
  readonly node: string
}

export function banner(credentials: DevCredentials, files: DevFiles, { now, node }: Surroundings): string {
  const {
    issuer,
    policy,
    user,
    client,
    resource_server: server,
    admin_client: admin,
    admin_user: adminUser,
  } = credentials
  const token = `curl -s -u '${client.client_id}:${client.client_secret}' -d grant_type=client_credentials ${issuer}/oauth/token`
  const extracted = `$(${token} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`
  const rows: readonly (readonly [string, string])[] = [
    ['auth service', `${issuer}   open it to sign in`],
    ['own account', `${issuer}/account   profile, ways to sign in, sessions, activity`],
    ['policy service', policy],
    ['demo user', `${user.username} / ${user.password}`],
    ['administrator', `${adminUser.username} / ${adminUser.password}   for: sallyport login`],
    ['demo client', `${client.client_id} / ${client.client_secret}`],
    ['resource server', `${server.client_id} / ${server.client_secret}`],
    ['admin client', `${admin.client_id} / ${admin.client_secret}   scopes: scim admin`],
    ...(files.mail === '' ? [] : [['mail', `written to ${files.mail}/ as .eml files, not sent`] as const]),
    ['as JSON', files.credentials],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return `
${rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n')}

A token for the client itself:
  ${token}

What the resource server learns of it:
  curl -s -u '${server.client_id}:${server.client_secret}' --data-urlencode "token=${extracted}" ${issuer}/oauth/introspect

Policy asked directly, OPA's Data API:
  curl -s -H 'content-type: application/json' -d '${JSON.stringify({ input: exampleInput(client.client_id, now) })}' ${policy}/v1/data/authz/token/decision

Edit policies/authz/token.rego and save: the next token follows it. Back to the policy before, by the running instance:
  ${node} src/main.ts bundle rollback
That pins it: edits are built, but held until
  ${node} src/main.ts bundle unpin
`
}

const exampleInput = (clientId: string, now: Date) => ({
  tenant: 'default',
  grant_type: 'client_credentials',
  client: {
    client_id: clientId,
    type: 'confidential',
    auth_method: 'client_secret_basic',
    active: true,
    first_party: false,
    requires: ['pkce'],
    grant_types: ['client_credentials'],
    scopes: ['orders:read'],
    audience: ['urn:sallyport:default'],
    resources: [],
    roles: ['service'],
  },
  requested: { scopes: ['orders:read'], resources: [] },
  request: {
    address: '127.0.0.1',
    time: {
      epoch_seconds: Math.floor(now.getTime() / 1000),
      minute_of_day: now.getUTCHours() * 60 + now.getUTCMinutes(),
      weekday: now.getUTCDay() === 0 ? 7 : now.getUTCDay(),
    },
  },
})
