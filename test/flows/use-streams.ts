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
  const made = await call('POST', '/ssf/streams', { description: 'made' })
  const of = { stream_id: made.body.stream_id }
  const changed = [
    await call('PATCH', '/ssf/streams', { ...of, description: 'changed' }),
    await call('PUT', '/ssf/streams', of),
    await call('DELETE', `/ssf/streams?stream_id=${of.stream_id}`),
  ].map(({ status }) => status)
  if (`${made.status} ${changed}` !== '201 200,200,204')
    throw new Error(`a stream of its own: ${made.status} ${changed}`)
}
