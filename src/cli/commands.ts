/** Every command, in the order in which help lists them. Each loads its own code, so that none pays for another. */
import { HOW_TO_FIND } from './access/how-to-find.ts'
import { ADMIN_OPTIONS } from './admin/credentials.ts'
import { CONFIG_OPTIONS, type Command } from './command.ts'

const HEADS_OPTIONS = {
  url: { type: 'string', value: 'URL', help: 'policy service that keeps the heads (default: the configured one)' },
  'token-file': { type: 'string', value: 'FILE', help: 'bearer token to show there (default: policy.token_file)' },
} as const satisfies Command['options']

const INSTANCE_OPTIONS = {
  url: { type: 'string', value: 'URL', help: 'policy API of the instance (default: as configured)' },
  'token-file': { type: 'string', value: 'FILE', help: 'token of the caller (default: the operator’s, as configured)' },
  json: { type: 'boolean', help: 'print JSON' },
} as const satisfies Command['options']

const ADMIN = { ...CONFIG_OPTIONS, ...ADMIN_OPTIONS } as const

const CODE_OPTIONS = {
  ...ADMIN,
  'policy-url': {
    type: 'string',
    value: 'URL',
    help: 'policy API, which knows scopes and roles (default: as configured)',
  },
  'policy-token-file': { type: 'string', value: 'FILE', help: 'token for it (default: the operator’s, as configured)' },
  adopt: { type: 'boolean', help: 'take over clients of the same client_id that no configuration keeps' },
  empty: { type: 'boolean', help: 'let a configuration that names no client delete all that it kept' },
} as const satisfies Command['options']

const PAGE_OPTIONS = {
  limit: { type: 'string', value: 'N', help: 'at most so many, up to 200 (default: 100)' },
  offset: { type: 'string', value: 'N', help: 'without the first N' },
} as const satisfies Command['options']

const LOGIN_URL = {
  url: { type: 'string', value: 'URL', help: 'auth service of the instance (default: the configured issuer)' },
} as const satisfies Command['options']

const LOGIN_OPTIONS = {
  'client-id': { type: 'string', value: 'ID', help: 'public client with the device grant (default: sallyport-cli)' },
  scope: { type: 'string', value: 'SCOPES', help: 'what to ask for (default: openid offline_access admin scim)' },
} as const satisfies Command['options']

const bundleAct = (
  action: 'activate' | 'rollback' | 'pin' | 'unpin',
  summary: string,
  options: Command['options'],
): Command => ({
  name: `bundle ${action}`,
  summary,
  operands: '[NAME]',
  accepts: 'any',
  options: { ...options, ...CONFIG_OPTIONS, ...INSTANCE_OPTIONS },
  run: async (invocation) => (await import('./bundle/commands.ts')).bundleAct(action, invocation),
})

export const COMMANDS: readonly Command[] = [
  {
    name: 'serve',
    summary: 'Serve both services in one process, or one of them: auth, policy.',
    operands: '[auth|policy]',
    accepts: ['auth', 'policy'],
    options: {
      ...CONFIG_OPTIONS,
      dev: { type: 'boolean', help: 'a demo on loopback: makes keys, a user, clients; state lives in var/' },
    },
    run: async (invocation) => (await import('./serve/serve.ts')).serve(invocation),
  },
  {
    name: 'init',
    summary: 'Make a production instance: signing key, check record, one admin credential that works once.',
    options: CONFIG_OPTIONS,
    run: async (invocation) => (await import('./init.ts')).init(invocation),
  },
  {
    name: 'config show',
    summary: 'Print the configuration in force, secrets masked.',
    options: CONFIG_OPTIONS,
    run: async (invocation) => (await import('./config.ts')).configShow(invocation),
  },
  {
    name: 'config schema',
    summary: 'Print the JSON Schema of sallyport.yaml.',
    options: {},
    run: async () => (await import('./config.ts')).configSchema(),
  },
  {
    name: 'config plan',
    summary: 'Show what `config apply` would change of the clients of a running instance; secrets are never shown.',
    options: { ...CODE_OPTIONS, 'exit-code': { type: 'boolean', help: 'exit with 3 where something would change' } },
    notes: ['Exit codes: 0 shown, 1 it could not be applied as it is, 2 wrong usage, 3 with --exit-code: changes.'],
    run: async (invocation) => (await import('./code/commands.ts')).configPlan(invocation),
  },
  {
    name: 'config apply',
    summary: 'Make the clients of a running instance those of the configuration; touches only what it keeps.',
    options: CODE_OPTIONS,
    notes: ['Exit codes: 0 all is as configured, 1 something is not (what was done is said), 2 wrong usage.'],
    run: async (invocation) => (await import('./code/commands.ts')).configApply(invocation),
  },
  {
    name: 'config drift',
    summary: 'Tell whether the clients of a running instance are still those of the configuration, and what differs.',
    options: CODE_OPTIONS,
    notes: ['Exit codes: 0 nothing differs, 3 something does, 1 it cannot be told, 2 wrong usage.'],
    run: async (invocation) => (await import('./code/commands.ts')).configDrift(invocation),
  },
  {
    name: 'audit verify',
    summary:
      'Verify decision and audit logs: finds edits, moves, deletions, chains that vanished or were put in, and cuts.',
    operands: '[FILE or FOLDER ...]',
    accepts: 'any',
    options: {
      ...CONFIG_OPTIONS,
      ...HEADS_OPTIONS,
      heads: { type: 'string', value: 'FILE', help: 'heads as `audit heads` printed them, in place of the instance’s' },
      alone: { type: 'boolean', help: 'without registered heads: cuts and chains that vanished may not be seen' },
      key: { type: 'string', multiple: true, value: 'FILE', help: 'public key of a log, PEM (default: log.key_file)' },
      since: { type: 'string', value: 'TIME', help: 'what ended before may be gone, e.g. 2026-11-01T00:00:00Z' },
      place: {
        type: 'string',
        multiple: true,
        value: '[HOST:]FOLDER/',
        help: 'where all logs must be from, if elsewhere; of any host without HOST',
      },
      json: { type: 'boolean', help: 'print JSON' },
    },
    run: async (invocation) => (await import('./audit/verify.ts')).auditVerify(invocation),
  },
  {
    name: 'audit heads',
    summary: 'Print the heads of the logs’ chains, to be kept elsewhere for `audit verify`.',
    options: { ...CONFIG_OPTIONS, ...HEADS_OPTIONS },
    run: async (invocation) => (await import('./audit/heads.ts')).auditHeads(invocation),
  },
  {
    name: 'audit undelivered',
    summary: 'List what was given up: security events for webhooks and streams, sign-outs for clients.',
    operands: '[FILE or FOLDER ...]',
    accepts: 'any',
    options: {
      ...CONFIG_OPTIONS,
      since: { type: 'string', value: 'TIME', help: 'from then on, e.g. 2026-11-01T00:00:00Z' },
      json: { type: 'boolean', help: 'print JSON' },
    },
    run: async (invocation) => (await import('./audit/undelivered.ts')).auditUndelivered(invocation),
  },
  {
    name: 'bundle status',
    summary: 'Show which bundles are in force, why one was refused, and which versions are kept.',
    operands: '[NAME]',
    accepts: 'any',
    options: { ...CONFIG_OPTIONS, ...INSTANCE_OPTIONS },
    run: async (invocation) => (await import('./bundle/commands.ts')).bundleStatus(invocation),
  },
  bundleAct('activate', 'Ask the source of a bundle at once, and activate what is fit.', {}),
  bundleAct('rollback', 'Roll back to an older version that is kept, and hold it; an audit event.', {
    version: { type: 'string', value: 'N', help: 'the version (default: the one before)' },
  }),
  bundleAct('pin', 'Hold a version: nothing newer is activated until `bundle unpin`; an audit event.', {
    version: { type: 'string', value: 'N', help: 'the version (default: the active one)' },
  }),
  bundleAct('unpin', 'Let newer versions in again; an audit event.', {}),
  {
    name: 'federation test',
    summary:
      'Look at identity providers as a sign-in would: metadata, pinned keys, keys of tokens; says what is wrong.',
    operands: '[PROVIDER ...]',
    accepts: 'any',
    options: CONFIG_OPTIONS,
    notes: ['Shows the keys of every host as pins, to be put into `pins`. Exit codes: 0 fit, 1 not, 2 wrong usage.'],
    run: async (invocation) => (await import('./federation/commands.ts')).federationTest(invocation),
  },
  {
    name: 'keys list',
    summary: 'Show the signing keys: which sign, which come next, until when the others stay published.',
    options: { ...CONFIG_OPTIONS, ...ADMIN_OPTIONS },
    run: async (invocation) => (await import('./keys/commands.ts')).keysList(invocation),
  },
  {
    name: 'keys rotate',
    summary: 'Let the next keys sign, at once or as soon as they are published for long enough; an audit event.',
    options: {
      alg: { type: 'string', multiple: true, value: 'ALG', help: 'of this algorithm (default: of all)' },
      force: { type: 'boolean', help: 'at once in any case: who kept the key set does not know the new keys yet' },
      ...CONFIG_OPTIONS,
      ...ADMIN_OPTIONS,
    },
    run: async (invocation) => (await import('./keys/commands.ts')).keysRotate(invocation),
  },
  {
    name: 'keys revoke',
    summary:
      'Take a key away that others may have: its tokens verify nowhere any more, the next key signs; an audit event.',
    operands: 'KID',
    accepts: 'ids',
    options: { ...CONFIG_OPTIONS, ...ADMIN_OPTIONS },
    run: async (invocation) => (await import('./keys/commands.ts')).keysRevoke(invocation),
  },
  {
    name: 'keys rewrap',
    summary:
      'Move all that is sealed from the previous envelope key to the new one, while the instance serves; an audit event.',
    options: { ...CONFIG_OPTIONS, ...ADMIN_OPTIONS },
    run: async (invocation) => (await import('./keys/commands.ts')).keysRewrap(invocation),
  },
  {
    name: 'sessions list',
    summary: 'Show who is signed in: sessions that have not ended, the one that would end last first.',
    options: { user: { type: 'string', value: 'SUB', help: 'of this person' }, ...PAGE_OPTIONS, ...ADMIN },
    notes: [HOW_TO_FIND],
    run: async (invocation) => (await import('./access/commands.ts')).sessionsList(invocation),
  },
  {
    name: 'sessions end',
    summary: 'End sessions with all their grants and tokens, at once on every node; their clients are told.',
    operands: '[SID ...]',
    accepts: 'ids',
    options: {
      user: { type: 'string', value: 'SUB', help: 'all that hangs on this person, grants for offline access too' },
      ...ADMIN,
    },
    notes: [HOW_TO_FIND],
    run: async (invocation) => (await import('./access/commands.ts')).sessionsEnd(invocation),
  },
  {
    name: 'grants list',
    summary: 'Show what a person has given, or a client or session has: grants that have not expired.',
    options: {
      user: { type: 'string', value: 'SUB', help: 'of this person' },
      client: { type: 'string', value: 'ID', help: 'to this client' },
      session: { type: 'string', value: 'SID', help: 'given in this session' },
      ...PAGE_OPTIONS,
      ...ADMIN,
    },
    notes: [HOW_TO_FIND],
    run: async (invocation) => (await import('./access/commands.ts')).grantsList(invocation),
  },
  {
    name: 'grants revoke',
    summary: 'Revoke grants with all their tokens, at once on every node.',
    operands: '[GRANT ...]',
    accepts: 'ids',
    options: {
      user: { type: 'string', value: 'SUB', help: 'all that hangs on this person, sessions too' },
      client: { type: 'string', value: 'ID', help: 'all that this client has; it stays registered' },
      ...ADMIN,
    },
    notes: [HOW_TO_FIND],
    run: async (invocation) => (await import('./access/commands.ts')).grantsRevoke(invocation),
  },
  {
    name: 'user export',
    summary: 'Print all that is kept of a person, as JSON: what they may ask for.',
    operands: 'SUB | USERNAME',
    accepts: 'ids',
    options: ADMIN,
    notes: [HOW_TO_FIND],
    run: async (invocation) => (await import('./access/user.ts')).userExport(invocation),
  },
  {
    name: 'user erase',
    summary: 'Erase a person and all that hangs on them: account, factors, sessions, grants, consents, activity.',
    operands: 'SUB | USERNAME',
    accepts: 'ids',
    options: { yes: { type: 'boolean', help: 'do not ask' }, ...ADMIN },
    notes: [HOW_TO_FIND, 'Logs keep the sub, which stands for nobody from then on (docs/privacy.md).'],
    run: async (invocation) => (await import('./access/user.ts')).userErase(invocation),
  },
  {
    name: 'login',
    summary: 'Sign in to an instance as yourself, with any browser: commands for it then act as you.',
    options: { ...LOGIN_URL, ...LOGIN_OPTIONS, ...CONFIG_OPTIONS },
    notes: ['Tokens are kept in $XDG_CONFIG_HOME/sallyport/logins.json, readable by you alone.'],
    run: async (invocation) => (await import('./login/commands.ts')).login(invocation),
  },
  {
    name: 'logout',
    summary: 'End that: the tokens are revoked and forgotten.',
    options: { ...LOGIN_URL, ...CONFIG_OPTIONS },
    run: async (invocation) => (await import('./login/commands.ts')).logout(invocation),
  },
  {
    name: 'version',
    summary: 'Print the version.',
    options: {},
    run: async () => (await import('./version.ts')).printVersion(),
  },
]
