/**
 * A port that is free and stays so until a server of a test takes it. It lies below the range from which systems give
 * outgoing connections theirs (32768 on Linux, 49152 elsewhere): a port of that range may be gone before it is bound.
 */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const FIRST = 10_000
const LAST = 32_000
const given = new Set<number>()

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
}
