/** For tests: the streams of the population's receiver, each endpoint used once; nothing where none are configured. */
import type { TestService } from '../servers/auth-service.ts'
import { clientToken } from '../servers/provision.ts'
import { callWith } from './security-events.ts'

export async function useStreams({ issuer, population, service }: TestService): Promise<void> {
  if (!service.table.some(({ path }) => path === '/ssf/streams')) return
  const call = callWith(issuer, await clientToken(issuer, population.receiver, 'ssf.read ssf.manage'))
  const own = { stream_id: 'test' }
  for (const [method, path, json] of [
    ['GET', '/ssf/streams'],
    ['GET', '/ssf/streams?stream_id=test'],
    ['GET', '/ssf/status?stream_id=test'],
    ['POST', '/ssf/status', { ...own, status: 'enabled' }],
    ['POST', '/ssf/verify', { ...own, state: 'x' }],
    ['POST', '/ssf/poll/test', { returnImmediately: true }],
  ] as const) {
    const { status } = await call(method, path, json)
    if (status >= 300) throw new Error(`${method} ${path}: ${status}`)
  }
}
