/** For Fastify: no route of ours has a schema of its own, so that the compilers for them need not be loaded. */
import type { FastifyServerOptions } from 'fastify'
import { ConfigError } from '../kernel/errors.ts'

const refuse = () => {
  throw new ConfigError('a route names a schema, but none is compiled here')
}

export const noSchemas: NonNullable<FastifyServerOptions['schemaController']> = {
  compilersFactory: { buildValidator: () => refuse, buildSerializer: () => refuse },
}
