/** Binds a server to its address, and says what to do where that is taken. */
import type { FastifyInstance } from 'fastify'
import { ConfigError } from '../kernel/errors.ts'

interface Address {
  readonly host: string
  readonly port: number
}

export async function listen(server: FastifyInstance, address: Address): Promise<string> {
  const { host, port } = address
  const opened = await orExplain('auth', address, server.listen({ host, port }))
  // Fastify names loopback where it listens on every address.
  return host === '0.0.0.0' || host === '::'
    ? opened.replace(/\/\/.*(?=:\d+$)/, `//${host === '::' ? '[::]' : host}`)
    : opened
}

/** Turns the system's refusal of an address into a ConfigError that says what to do; leaves every other error as it is. */
export async function orExplain<T>(service: 'auth' | 'policy', address: Address, opening: Promise<T>): Promise<T> {
  try {
    return await opening
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
