/** For tests: which addresses of the table answer GET and refuse HEAD. RFC 9110 9.2.1, 9.3.2, 15.5.6. */
import type { TestService } from '../servers/auth-service.ts'

/** Their patterns, in order; throws where a refusal does not say what the address takes. */
export async function headsRefused({ issuer, service }: Pick<TestService, 'issuer' | 'service'>): Promise<string[]> {
  const refused: string[] = []
  for (const { method, path } of service.table) {
    if (method !== 'GET') continue
    const at = `${issuer}${path.replaceAll(/:\w+/g, 'x')}`
    const { status, headers } = await fetch(at, { method: 'HEAD', redirect: 'manual' })
    if (status !== 405) continue
    const taken = service.table.filter((route) => route.path === path).map((route) => route.method)
    if (headers.get('allow') !== taken.join(', ')) throw new Error(`HEAD ${path}: Allow: ${headers.get('allow')}`)
    refused.push(path)
  }
  return refused.sort()
}
