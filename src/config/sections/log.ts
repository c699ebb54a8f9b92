/** `log`: where logs are kept, how long, and where decisions are uploaded to. */
import { Type } from '../../schema/type.ts'
import { closed, oneOf, path, section } from '../keywords.ts'

const MIB = 1024 * 1024

/** Times as OPA names them (OPA, "Decision Logs", `reporting`). */
const upload = Type.Object(
  {
    service: Type.String({ minLength: 1, description: 'name of one of `services`' }),
    resource: Type.String({ minLength: 1, default: 'logs', description: 'path below the address of the service' }),
    upload_size_limit_bytes: Type.Integer({
      minimum: 1024,
      maximum: 256 * MIB,
      default: 32_768,
      description: 'largest chunk, compressed; an event that is larger alone goes without nd_builtin_cache',
    }),
    min_delay_seconds: Type.Number({ minimum: 0, maximum: 3600, default: 5, description: 'between uploads, at least' }),
    max_delay_seconds: Type.Number({
      minimum: 0,
      maximum: 86_400,
      default: 10,
      description: 'at most, and while it fails',
    }),
  },
  { ...closed, description: 'decisions go to a service that takes OPA’s decision logs' },
)

export const log = section(
  {
    level: oneOf(['debug', 'info', 'warn', 'error'], { default: 'info' }),
    directory: path('decision and audit logs', { default: 'var/log' }),
    key_file: path('Ed25519 private key that signs checkpoints of the logs, PEM; `init` makes it', {
      default: 'var/log-key.pem',
    }),
    rotate_bytes: Type.Integer({
      minimum: 64 * 1024,
      default: 64 * MIB,
      description: 'a log file of this size gets a name with its time, and a new one is begun',
    }),
    budget_bytes: Type.Optional(
      Type.Integer({
        minimum: 256 * 1024,
        description: 'what each decision log may take on disk; 1 GiB where decisions are uploaded, else no bound',
      }),
    ),
    when_full: oneOf(['deny', 'gap'], {
      default: 'deny',
      description: 'no room for the log: nothing is decided, or the log keeps a record of how much is missing',
    }),
    on_failure: oneOf(['deny', 'answer'], {
      default: 'deny',
      description: 'a log that cannot be written: no audit, no permit; or the answer leaves, and the gap is recorded',
    }),
    stdout: Type.Boolean({ default: false, description: 'decisions go to standard output as well' }),
    upload: Type.Optional(upload),
  },
  'logs',
)
