/**
 * `egress`: what policies may reach with `http.send` and `net.lookup_ip_addr`, and what those may hold and name; and what
 * clients may make the auth service reach, by the addresses that they register.
 */
import { Type } from '../../schema/type.ts'
import { oneOf, path, section } from '../keywords.ts'

const clients = section(
  {
    allow: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'private and loopback targets that clients may name beside public ones, as in `allow`',
    }),
    unlisted: oneOf(['public', 'none'], {
      default: 'public',
      description: 'public addresses that `allow` does not list: reached, or not',
    }),
    ca_file: Type.Optional(path('certification authorities to trust beside the system’s, PEM')),
  },
  'addresses that clients register (jwks_uri, sector_identifier_uri, logout), and those of security events',
)

export const egress = section(
  {
    allow: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'host, *.suffix, address or CIDR range, each with or without :port, that policies may reach',
    }),
    policies: oneOf(['listed', 'public'], {
      default: 'listed',
      description: 'what policies may reach: what `allow` lists, or every public address too',
    }),
    answer_bytes: Type.Integer({
      minimum: 1_024,
      maximum: 64 * 1024 * 1024,
      default: 1024 * 1024,
      description: 'largest answer that a policy gets from http.send, inflated',
    }),
    cache_bytes: Type.Integer({
      minimum: 0,
      maximum: 1024 * 1024 * 1024,
      default: 8 * 1024 * 1024,
      description: 'answers that http.send keeps between decisions, on each thread; 0 keeps none',
    }),
    files: Type.Array(path('PEM file'), {
      default: [],
      description: 'files that http.send may name in tls_*_file',
    }),
    variables: Type.Array(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }), {
      default: [],
      description: 'environment variables that http.send may name in tls_*_env_variable',
    }),
    clients,
  },
  'the way out',
)
