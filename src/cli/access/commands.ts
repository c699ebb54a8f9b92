/** `sallyport sessions list|end` and `sallyport grants list|revoke`, over the admin API of a running instance. */
import { type AdminApi, adminApi } from '../admin/call.ts'
import { type Invocation, UsageError } from '../command.ts'
import { orRefused, Refused } from '../refused.ts'
import { checkPerson } from './person.ts'
import { grantTable, isGrant, isSession, sessionTable } from './report.ts'

/** Throws UsageError where it is empty: of nobody is not of everybody. */
const option = ({ values }: Invocation, name: string): string | undefined => {
  const value = values[name]
  if (value === '') throw new UsageError(`--${name} must not be empty`)
  return typeof value === 'string' ? value : undefined
}

function pageQuery(invocation: Invocation): Record<string, string> {
  const query: Record<string, string> = {}
  for (const name of ['offset', 'limit']) {
    const value = option(invocation, name)
    if (value === undefined) continue
    if (!/^\d{1,9}$/.test(value)) throw new UsageError(`--${name} takes a whole number`)
    query[name] = value
  }
  return query
}

/** Nothing at all is also what someone gets who names a person wrongly. */
async function sayNone(invocation: Invocation, what: string): Promise<void> {
  const user = option(invocation, 'user')
  const hint = user === undefined ? undefined : await checkPerson(invocation, user)
  console.log(`No ${what}.`)
  if (hint !== undefined) console.error(`sallyport: ${hint}`)
}

async function list<Row>(
  invocation: Invocation,
  what: 'sessions' | 'grants',
  query: Record<string, string>,
  isRow: (value: unknown) => value is Row,
  table: (rows: readonly Row[]) => string,
): Promise<void> {
  const { body } = await adminApi(invocation).call({
    method: 'GET',
    path: `/admin/${what}?${new URLSearchParams(query)}`,
  })
  const rows = body[what]
  if (!Array.isArray(rows) || typeof body.total !== 'number' || typeof body.offset !== 'number')
    throw new Refused('the answer is not one of an admin API')
  if (invocation.values.json === true) return console.log(JSON.stringify(body, null, 2))
  if (body.total === 0) return sayNone(invocation, what)
  if (rows.length === 0) return console.log(`0 of ${body.total}`)
  console.log(table(rows.filter(isRow)))
  const last = body.offset + rows.length
  if (last < body.total) console.log(`\n${body.offset + 1} to ${last} of ${body.total}; more by --offset ${last}`)
}

export const sessionsList = (invocation: Invocation): Promise<number> =>
  orRefused(() => {
    const user = option(invocation, 'user')
    const query = { ...(user !== undefined && { sub: user }), ...pageQuery(invocation) }
    return list(invocation, 'sessions', query, isSession, sessionTable)
  })

/** Exactly one of `--user`, `--client` and `--session`. */
function grantsOf(invocation: Invocation): Record<string, string> {
  const given = [
    ['user', 'sub'],
    ['client', 'client_id'],
    ['session', 'sid'],
  ].flatMap(([flag = '', name = '']) => {
    const value = option(invocation, flag)
    return value === undefined ? [] : [[name, value] as const]
  })
  if (given.length !== 1) throw new UsageError('grants list takes one of --user, --client and --session')
  return Object.fromEntries(given)
}

export const grantsList = (invocation: Invocation): Promise<number> =>
  orRefused(() => {
    const query = { ...grantsOf(invocation), ...pageQuery(invocation) }
    return list(invocation, 'grants', query, isGrant, grantTable)
  })

/** One after the other, so that a refusal says which were done. */
async function removeEach(api: AdminApi, what: 'sessions' | 'grants', ids: readonly string[], done: string) {
  for (const id of ids) {
    await api.call({ method: 'DELETE', path: `/admin/${what}/${encodeURIComponent(id)}` })
    console.log(`${done} ${id}`)
  }
}

async function revokeAllOf(api: AdminApi, kind: 'users' | 'clients', id: string): Promise<void> {
  const { body } = await api.call({ method: 'POST', path: `/admin/${kind}/${encodeURIComponent(id)}/revoke` })
  const sessions = typeof body.sessions_ended === 'number' ? `, ${body.sessions_ended} sessions ended` : ''
  console.log(`revoked all of ${id}${sessions}`)
}

export const sessionsEnd = (invocation: Invocation): Promise<number> =>
  orRefused(async () => {
    const user = option(invocation, 'user')
    const { positionals } = invocation
    if ((user === undefined) === (positionals.length === 0))
      throw new UsageError('sessions end takes SIDs, as `sallyport sessions list` shows them, or --user')
    const api = adminApi(invocation)
    if (user !== undefined) await revokeAllOf(api, 'users', user)
    else await removeEach(api, 'sessions', positionals, 'ended')
  })

export const grantsRevoke = (invocation: Invocation): Promise<number> =>
  orRefused(async () => {
    const [user, client] = [option(invocation, 'user'), option(invocation, 'client')]
    const { positionals } = invocation
    const ways = [user !== undefined, client !== undefined, positionals.length > 0].filter(Boolean)
    if (ways.length !== 1)
      throw new UsageError('grants revoke takes IDs, as `sallyport grants list` shows them, or --user, or --client')
    const api = adminApi(invocation)
    if (user !== undefined) await revokeAllOf(api, 'users', user)
    else if (client !== undefined) await revokeAllOf(api, 'clients', client)
    else await removeEach(api, 'grants', positionals, 'revoked')
  })
