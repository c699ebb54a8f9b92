/** If-Match: a write only onto the version that the caller has read. RFC 9110 13.1.1, strong comparison. */
import type { HttpRequest } from '../../../http/message.ts'
import { Problem } from '../../../kernel/errors.ts'
import type { ClientRecord } from '../../../storage/records.ts'
import { etagOf } from './render-client.ts'

/** Throws precondition_failed unless If-Match is absent, `*`, or names the stored version. */
export function checkPrecondition(request: HttpRequest, stored: ClientRecord): void {
  const wanted = request.headers['if-match']
  if (wanted === undefined || wanted.trim() === '*') return
  if (!wanted.split(',').some((tag) => tag.trim() === etagOf(stored))) throw new Problem('precondition_failed')
}
