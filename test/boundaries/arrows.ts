/** The table of arrows: each folder, and all that it may import. What stands in no line is refused. */

export interface Line {
  /** A folder or a file from the root; the longest that fits a file is its line. */
  readonly from: string
  /** Folders and files it may import, besides its own. `*`: everything. */
  readonly to: readonly string[]
  /** Packages it may import. */
  readonly packages: readonly string[]
}

const AUTH_BASE = [
  'src/policy-engine/decide.ts',
  'src/policy-engine/contract',
  'src/storage/port.ts',
  'src/storage/records.ts',
  'src/storage/outbox-port.ts',
  'src/storage/streams-port.ts',
  'src/storage/client-metadata.ts',
  'src/storage/threat-port.ts',
  'src/storage/interaction-records.ts',
  'src/storage/factors.ts',
  'src/storage/activity-port.ts',
  'src/storage/device-grants.ts',
  'src/storage/devices-port.ts',
  'src/storage/verified-email.ts',
  'src/http',
  'src/observability',
  'src/audit',
  'src/egress',
  'src/auth/route.ts',
  'src/kernel',
] as const
const SHARED_BY_PROTOCOLS = [
  'src/auth/sign-in',
  'src/auth/session',
  'src/auth/token',
  'src/auth/client',
  'src/auth/user',
  'src/auth/user/password',
  'src/auth/threat',
  'src/mail',
] as const

const protocol = (name: string, packages: readonly string[] = [], more: readonly string[] = []): Line => ({
  from: `src/auth/${name}`,
  to: [...SHARED_BY_PROTOCOLS, ...more, ...AUTH_BASE, 'web'],
  packages,
})

export const LINES: readonly Line[] = [
  { from: 'src/main.ts', to: ['*'], packages: [] },
  { from: 'src/cli', to: ['*'], packages: ['chokidar', 'fastify'] },
  { from: 'src/auth/service.ts', to: ['*'], packages: ['fastify'] },
  { from: 'src/auth/routes.ts', to: ['*'], packages: ['fastify'] },
  { from: 'src/auth/rows', to: ['*'], packages: [] },
  { from: 'src/auth/watch.ts', to: [...AUTH_BASE, 'src/mail'], packages: [] },
  { from: 'src/auth/route.ts', to: ['src/http/message.ts', 'src/policy-engine/contract'], packages: [] },
  { from: 'src/auth/openapi', to: ['src/auth/route.ts', 'src/http/message.ts'], packages: [] },
  ...['oauth', 'oidc', 'scim', 'login', 'account', 'device', 'mail-links', 'pages'].map((name) => protocol(name)),
  protocol('mfa', ['otplib', 'qrcode'], ['src/auth/mfa/webauthn']),
  { from: 'src/auth/mfa/webauthn', to: ['src/auth/user/spent.ts', ...AUTH_BASE], packages: ['@simplewebauthn/server'] },
  protocol('signals', ['jose']),
  protocol('signals/ssf', [], ['src/auth/signals']),
  protocol('admin', [], ['src/auth/keys']),
  protocol('federation', [], ['src/auth/federation/provider']),
  { from: 'src/auth/federation/provider', to: AUTH_BASE, packages: ['jose', 'openid-client', 'opossum'] },
  {
    from: 'src/auth/sign-in',
    to: [...SHARED_BY_PROTOCOLS, ...AUTH_BASE, 'web'],
    packages: [],
  },
  {
    from: 'src/auth/session',
    to: ['src/auth/token', 'src/auth/client', 'src/auth/threat', 'src/auth/user', ...AUTH_BASE, 'web'],
    packages: [],
  },
  { from: 'src/auth/token', to: ['src/auth/client', 'src/auth/user', ...AUTH_BASE], packages: ['jose'] },
  { from: 'src/auth/client', to: ['src/auth/user', ...AUTH_BASE], packages: ['jose'] },
  { from: 'src/auth/keys', to: ['src/auth/token', 'src/auth/client', 'src/auth/user', ...AUTH_BASE], packages: [] },
  {
    from: 'src/auth/threat',
    to: ['src/auth/threat/limits', 'src/auth/threat/places', 'src/auth/client', 'src/auth/user', ...AUTH_BASE, 'web'],
    packages: [],
  },
  { from: 'src/auth/threat/limits', to: AUTH_BASE, packages: [] },
  { from: 'src/auth/threat/places', to: AUTH_BASE, packages: ['mmdb-lib'] },
  { from: 'src/auth/user', to: [...AUTH_BASE, 'src/mail', 'web'], packages: [] },
  { from: 'src/auth/user/password', to: AUTH_BASE, packages: ['@zxcvbn-ts/language-common'] },
  { from: 'src/mail', to: ['src/observability', 'src/kernel', 'web'], packages: ['nodemailer'] },
  { from: 'src/storage', to: ['src/kernel'], packages: [] },
  {
    from: 'src/storage/sqlite',
    to: ['src/storage', 'src/kernel'],
    packages: [],
  },
  {
    from: 'src/storage/redis',
    to: ['src/storage', 'src/kernel'],
    packages: ['ioredis'],
  },
  { from: 'src/audit', to: ['src/storage/port.ts', 'src/storage/records.ts', 'src/kernel'], packages: [] },
  { from: 'src/egress', to: ['src/storage/port.ts', 'src/storage/records.ts', 'src/kernel'], packages: ['undici'] },
  { from: 'src/policy-engine/contract', to: ['src/kernel/error-codes.ts', 'src/schema'], packages: [] },
  {
    from: 'src/policy-engine',
    to: [
      'src/policy-engine/contract',
      'src/schema',
      'src/storage/port.ts',
      'src/storage/records.ts',
      'src/storage/client-metadata.ts',
      'src/observability',
      'src/audit',
      'src/egress',
      'src/kernel',
    ],
    packages: [
      '@open-policy-agent/opa-wasm',
      'chokidar',
      'opossum',
      're2js',
      'tar-stream',
      'undici',
      'yaml',
      'pino',
      'prom-client',
    ],
  },
  {
    from: 'src/policy-engine/api',
    to: [
      'src/policy-engine',
      'src/policy-engine/contract',
      'src/http',
      'src/observability',
      'src/storage/records.ts',
      'src/storage/client-metadata.ts',
      'src/audit',
      'src/kernel',
    ],
    packages: ['fastify', 'prom-client'],
  },
  { from: 'src/policy-engine/service.ts', to: ['*'], packages: ['fastify'] },
  {
    from: 'src/resource-server',
    to: ['src/auth/token/dpop.ts', 'src/policy-engine', 'src/kernel'],
    packages: ['jose'],
  },
  { from: 'src/http', to: ['src/observability', 'src/kernel'], packages: ['fastify', 'cookie'] },
  { from: 'src/observability', to: ['src/kernel'], packages: ['pino', 'prom-client'] },
  { from: 'src/config', to: ['src/egress/allow-list.ts', 'src/schema', 'src/kernel'], packages: ['yaml'] },
  { from: 'src/schema', to: [], packages: ['typebox'] },
  { from: 'src/kernel', to: [], packages: [] },
  { from: 'web', to: ['src/kernel'], packages: [] },
]

/** Composition: nobody imports it but other composition. */
export const COMPOSITION: readonly string[] = [
  'src/main.ts',
  'src/cli',
  'src/auth/service.ts',
  'src/auth/routes.ts',
  'src/auth/rows',
  'src/auth/watch.ts',
  'src/policy-engine/service.ts',
]

/** `node:` modules that only one place may open. */
export const GUARDED_BUILTINS: Readonly<Record<string, readonly string[]>> = {
  'node:sqlite': ['src/storage/sqlite'],
}

export const MEANINGLESS = /^(utils?|helpers?|common|shared|misc)(\.|-|$)/
/** The only barrel: the registry of decisions. */
export const BARRELS: readonly string[] = ['src/policy-engine/contract/index.ts']
export const MAX_LINES = 400
export const MAX_DEPTH = 3
