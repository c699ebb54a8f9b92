/** Binds a server to its address, and says what to do where that is taken. */
import type { FastifyInstance } from 'fastify'
import { ConfigError } from '../kernel/errors.ts'

export async function listen(
  server: FastifyInstance,
  service: 'auth' | 'policy',
  address: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    return await server.listen({ host: address.host, port: address.port })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const where = `${address.host}:${address.port}`
    if (code === 'EADDRINUSE')
      throw new ConfigError(`${service}: ${where} is taken; set ${service.toUpperCase()}_PORT to a free port`)
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new ConfigError(`${service}: cannot listen on ${where}: ${code}`)
    throw error
  }
}
