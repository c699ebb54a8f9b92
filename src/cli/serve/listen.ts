/** Binds a server to its address, and says what to do where that is taken. */
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { Server as SecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { AuthService } from '../../auth/service.ts'
import { ConfigError } from '../../kernel/errors.ts'

interface Address {
  readonly host: string
  readonly port: number
}

interface AuthAddress extends Address {
  /** With a port of its own for clients that show certificates. */
  readonly mtls?: { readonly port?: number }
}

type Listening = Pick<AuthService, 'server' | 'anotherListener'>

export async function listen(service: Listening, at: AuthAddress): Promise<string> {
  const { host, port, mtls } = at
  const { server } = service
  const named = await orExplain('auth', at, server.listen({ host, port }))
  if (host === 'localhost') await bindRest(service, at)
  if (mtls?.port !== undefined) {
    const own = { host, port: mtls.port }
    await orExplain('auth.mtls', own, bindAll(service, own))
  }
  const opened = server.server instanceof SecureServer ? named.replace(/^http:/, 'https:') : named
  // Fastify names loopback where it listens on every address.
  return host === '0.0.0.0' || host === '::'
    ? opened.replace(/\/\/.*(?=:\d+$)/, `//${host === '::' ? '[::]' : host}`)
    : opened
}

/** `localhost` is two addresses: whoever takes the other one must find us there too. */
async function bindRest({ server, anotherListener }: Listening, at: Address): Promise<void> {
  const bound = boundTo(server.server)
  const all = await lookup(at.host, { all: true })
  const rest = all.filter(({ address }) => address !== bound.address)
  // A machine may know the name of an address that it does not have.
  await Promise.allSettled(rest.map(({ address }) => bind(anotherListener(), address, bound.port)))
}

async function bindAll({ anotherListener }: Listening, { host, port }: Address): Promise<void> {
  const [first, ...rest] = await lookup(host, { all: true })
  const bound = await bind(anotherListener(true), first?.address ?? host, port)
  if (host === 'localhost')
    await Promise.allSettled(rest.map(({ address }) => bind(anotherListener(true), address, bound)))
}

async function bind(listener: Server, host: string, port: number): Promise<number> {
  listener.listen(port, host)
  await once(listener, 'listening')
  return boundTo(listener).port
}

const boundTo = (listener: Server): AddressInfo => listener.address() as AddressInfo

/** How each port is set. */
const PORTS = { auth: 'AUTH_PORT', policy: 'POLICY_PORT', 'auth.mtls': 'auth.mtls.port' } as const

/** Turns the system's refusal of an address into a ConfigError that says what to do; leaves every other error as it is. */
export async function orExplain<T>(service: keyof typeof PORTS, address: Address, opening: Promise<T>): Promise<T> {
  try {
    return await opening
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const where = `${address.host}:${address.port}`
    if (code === 'EADDRINUSE')
      throw new ConfigError(`${service}: ${where} is taken; set ${PORTS[service]} to a free port`)
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new ConfigError(`${service}: cannot listen on ${where}: ${code}`)
    throw error
  }
}
