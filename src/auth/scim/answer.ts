/** SCIM answers: media type, ETag and Location. RFC 7644 3.1, 3.3, 3.14. */
import type { Reply } from '../../http/message.ts'
import type { UserRecord } from '../../storage/records.ts'
import { etagOf, locationOf, renderUser, type Selection } from './render-user.ts'

export const SCIM_JSON = 'application/scim+json; charset=utf-8'

export function userReply(
  status: 200 | 201,
  issuer: string,
  user: UserRecord,
  visible: ReadonlySet<string>,
  selection?: Selection,
): Reply {
  return {
    status,
    headers: { 'content-type': SCIM_JSON, etag: etagOf(user), location: locationOf(issuer, user) },
    body: renderUser(issuer, user, visible, selection),
  }
}
