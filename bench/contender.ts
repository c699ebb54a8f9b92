/** One of the two servers that are compared: prepared and started when a row first needs it, and kept running for the next. */
import { createServer } from 'node:net'
import type { Running } from './http-side.ts'
import type { Endpoints } from './rows/http.ts'
import { type ServerProcess, type Start, startServer } from './server-process.ts'

export const HOST = '127.0.0.1'

export interface Prepared {
  readonly start: Start
  readonly at: Endpoints
  /** Cookie headers of people who are signed in, once it runs. */
  cookies(): Promise<readonly string[]>
}

export interface Contender<P extends Prepared = Prepared> {
  /** Does once what must stand before the process can start (store, bundle, configuration). */
  prepared(): Promise<P>
  running(): Promise<Running>
  stop(): Promise<void>
}

export function contender<P extends Prepared>(prepare: () => Promise<P>): Contender<P> {
  let preparing: Promise<P> | undefined
  let server: ServerProcess | undefined
  const prepared = () => {
    preparing ??= prepare()
    return preparing
  }
  return {
    prepared,
    async running() {
      const { start, at, cookies } = await prepared()
      server ??= await startServer(start)
      return { server, at, cookies }
    },
    async stop() {
      await server?.stop()
      server = undefined
    },
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, HOST, resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
