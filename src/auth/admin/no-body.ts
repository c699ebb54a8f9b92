/** For acts that their address says whole: a body that asks for something would be ignored, so it is refused. */
import type { HttpRequest } from '../../http/message.ts'
import { Problem } from '../../kernel/errors.ts'

export function checkNoBody({ json }: Pick<HttpRequest, 'json'>): void {
  if (json === undefined) return
  if (typeof json !== 'object' || json === null || Array.isArray(json) || Object.keys(json).length > 0)
    throw new Problem('bad_request', { detail: 'This takes no body.' })
}
