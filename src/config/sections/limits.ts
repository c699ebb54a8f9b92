/** `limits`: upper bounds on what is read, on how often anybody may come, and on what is in work at once. */
import { Type } from '../../schema/type.ts'
import { oneOf, section } from '../keywords.ts'

const most = (fallback: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 100_000_000, default: fallback, description: `${description}; 0: any number` })
const address = (fallback: number) => most(fallback, 'requests of one address (IPv6: /64) in a window')
const client = (fallback: number) => most(fallback, 'requests of one client in a window')
const person = (fallback: number) => most(fallback, 'requests for one person in a window')

/** As many as honest callers need: a shared address, a busy backend, a resource server that introspects each request. */
const rate = section(
  {
    mode: oneOf(['auto', 'on', 'off'], { default: 'auto', description: 'auto: on, unless the issuer is on loopback' }),
    window_seconds: Type.Integer({ minimum: 1, maximum: 3600, default: 60, description: 'sliding' }),
    batch_percent: Type.Integer({
      minimum: 0,
      maximum: 50,
      default: 10,
      description: 'of a limit, what a node may admit before it tells the store; 0: each request is told, and waits',
    }),
    token: section({ address: address(6_000), client: client(6_000), person: person(600) }, 'token endpoint'),
    introspect: section({ address: address(60_000), client: client(60_000) }, 'introspection'),
    revoke: section({ address: address(6_000), client: client(6_000) }, 'revocation'),
    par: section({ address: address(1_200), client: client(6_000) }, 'pushed authorization requests'),
    authorize: section({ address: address(1_200), person: person(120) }, 'authorization endpoint'),
    userinfo: section({ address: address(6_000), client: client(6_000), person: person(600) }, 'userinfo'),
    register: section({ address: address(60), client: client(600), person: person(60) }, 'client registration'),
    login: section({ address: address(300), person: person(120) }, 'sign-in, consent and sign-out pages'),
    scim: section({ address: address(6_000), client: client(6_000), person: person(600) }, 'SCIM'),
    admin: section({ address: address(6_000), client: client(6_000), person: person(600) }, 'admin API'),
    signals: section({ address: address(6_000), client: client(6_000) }, 'streams of security events'),
  },
  'how often anybody may come; beyond it 429 with Retry-After',
)

export const limits = section(
  {
    body_bytes: Type.Integer({ minimum: 1_024, maximum: 16 * 1024 * 1024, default: 64 * 1024 }),
    policy_body_bytes: Type.Integer({ minimum: 1_024, maximum: 64 * 1024 * 1024, default: 2 * 1024 * 1024 }),
    bundle_bytes: Type.Integer({ minimum: 1_024, maximum: 1024 * 1024 * 1024, default: 64 * 1024 * 1024 }),
    in_flight: most(1_000, 'requests that the auth service has in work at once; one more is answered 503'),
    event_loop_lag_ms: Type.Integer({
      minimum: 0,
      maximum: 10_000,
      default: 100,
      description: 'from this lag on the auth service refuses a growing share with 503; 0: never',
    }),
    rate,
  },
  'upper bounds',
)
