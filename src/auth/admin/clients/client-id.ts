/** The form of a client_id that a caller chooses. */

/** What is plain in a path, a log and a configuration file; `.` and `..` are other addresses (RFC 3986 5.2.4). */
const CLIENT_ID = /^(?!\.{1,2}$)[\w.-]{1,128}$/
/** As the ids of people are drawn: a resource server that knows a person by `sub` takes no client for them (RFC 9700 4.15). */
const USER_ID = /^[\w-]{21}[AQgw]$/

export const LIKE_PERSON = 'client_id must not be the id of a person, nor look like one.'

/** What is wrong with it, or undefined. */
export function clientIdFault(id: string): string | undefined {
  if (!CLIENT_ID.test(id))
    return 'client_id must be 1 to 128 letters, digits, dots, dashes, underscores, and neither "." nor "..".'
  return USER_ID.test(id) ? LIKE_PERSON : undefined
}
