/** If-Match: a write only onto the version that the caller has read. RFC 7644 3.14, RFC 9110 13.1.1. */
import type { HttpRequest } from '../../http/message.ts'
import { ScimError } from '../../kernel/errors.ts'
import type { UserRecord } from '../../storage/records.ts'
import { etagOf } from './render-user.ts'

/** Versions are whole and ours, so a strong tag of the same version names the same state. */
const opaque = (tag: string): string => tag.trim().replace(/^W\//, '')

/** Throws preconditionFailed unless If-Match is absent, `*`, or names the stored version. */
export function checkPrecondition(request: HttpRequest, stored: UserRecord): void {
  const wanted = request.headers['if-match']
  if (wanted === undefined || wanted.trim() === '*') return
  if (!wanted.split(',').some((tag) => opaque(tag) === opaque(etagOf(stored))))
    throw new ScimError('preconditionFailed')
}
