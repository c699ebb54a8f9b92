/** Lists users: GET /scim/v2/Users with `filter`, `startIndex` and `count`. RFC 7644 3.4.2. Asks `scim`. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { ScimError } from '../../kernel/errors.ts'
import type { Page, UserStore } from '../../storage/port.ts'
import type { UserRecord } from '../../storage/records.ts'
import { type BearerDeps, requireBearer } from '../token/bearer.ts'
import { SCIM_JSON } from './answer.ts'
import { LIST_SCHEMA } from './attributes.ts'
import { decideScim, type ScimDeps } from './decide-scim.ts'
import { parseFilter, type Term } from './filter.ts'
import { renderUser, selectionOf } from './render-user.ts'

const DEFAULT_COUNT = 100
const MAX_COUNT = 200
/** Filters without an index read this many users at most; beyond, the caller must name the user. */
const MAX_SCANNED = 10_000
const SCAN_PAGE = 500

/** RFC 7644 3.4.2.4: a start below 1 is 1, a count below 0 is 0. */
function wholeNumber(request: HttpRequest, name: string, fallback: number): number {
  const text = request.query.get(name)
  if (text === undefined) return fallback
  if (!/^[+-]?\d{1,9}$/.test(text)) throw new ScimError('invalidValue', { detail: `${name} must be a whole number.` })
  return Number(text)
}

/** By index where a term names one user: all terms must hold, so one candidate is enough. */
async function candidate(users: UserStore, tenant: string, terms: readonly Term[]): Promise<UserRecord[] | undefined> {
  for (const { attribute, value } of terms) {
    if (typeof value !== 'string') continue
    const find =
      attribute === 'id' ? users.find(tenant, value) : attribute === 'userName' && users.findByUserName(tenant, value)
    if (!find) continue
    const user = await find
    return user ? [user] : []
  }
  return undefined
}

async function scan(users: UserStore, tenant: string, terms: readonly Term[]): Promise<UserRecord[]> {
  const found: UserRecord[] = []
  for (let offset = 0; ; offset += SCAN_PAGE) {
    const { records, total } = await users.list(tenant, offset, SCAN_PAGE)
    if (total > MAX_SCANNED)
      throw new ScimError('invalidFilter', {
        detail: 'There are too many users for this filter: name a userName or id.',
      })
    found.push(...records.filter((user) => terms.every((term) => term.matches(user))))
    // A page leaves out who was deleted meanwhile: that it is not full says nothing.
    if (offset + SCAN_PAGE >= total) return found
  }
}

async function search(
  users: UserStore,
  tenant: string,
  terms: readonly Term[],
  offset: number,
  count: number,
): Promise<Page<UserRecord>> {
  if (terms.length === 0) return users.list(tenant, offset, count)
  const one = await candidate(users, tenant, terms)
  const all = one?.filter((user) => terms.every((term) => term.matches(user))) ?? (await scan(users, tenant, terms))
  return { total: all.length, records: all.slice(offset, offset + count) }
}

export async function listUsers(deps: ScimDeps & BearerDeps, request: HttpRequest): Promise<Reply> {
  const bearer = await requireBearer(deps, request)

  if (request.query.repeated.has('filter')) throw new ScimError('invalidFilter')
  const terms = parseFilter(request.query.get('filter'))
  const startIndex = Math.max(1, wholeNumber(request, 'startIndex', 1))
  const count = Math.min(MAX_COUNT, Math.max(0, wholeNumber(request, 'count', DEFAULT_COUNT)))

  const permit = await decideScim(deps, bearer, request, { action: 'list' })
  // A filter on what may not be seen would answer it, one guess at a time.
  if (!terms.every(({ attribute }) => attribute === 'id' || permit.visible.has(attribute)))
    throw new ScimError('forbidden')

  const page = await search(deps.store.users, bearer.tenant, terms, startIndex - 1, count)

  const selection = selectionOf(request)
  return {
    status: 200,
    headers: { 'content-type': SCIM_JSON },
    body: {
      schemas: [LIST_SCHEMA],
      totalResults: page.total,
      startIndex,
      itemsPerPage: page.records.length,
      Resources: page.records.map((user) => renderUser(deps.issuer, user, permit.visible, selection)),
    },
  }
}
