/** What SCIM knows of a person whom the operator named, so that a user name is not taken for a `sub` that has nothing. RFC 7644 3.4.2. */
import { type AdminAnswer, type AdminCall, adminApi } from '../admin/call.ts'
import type { Invocation } from '../command.ts'
import { Refused } from '../refused.ts'
import { HOW_TO_FIND } from './how-to-find.ts'

/** RFC 7644 3.4.2.2: a value is written as JSON writes it. */
async function find(api: ReturnType<typeof adminApi>, attribute: string, value: string): Promise<readonly unknown[]> {
  const query = new URLSearchParams({ filter: `${attribute} eq ${JSON.stringify(value)}`, attributes: 'id' })
  const { Resources: found } = (await api.call({ method: 'GET', path: `/scim/v2/Users?${query}` })).body
  return Array.isArray(found) ? found : []
}

/**
 * Asks the admin API of a person, named by sub or, where nobody has that, by user name. Who may not ask SCIM names them by sub.
 * Throws Refused where there is nobody.
 */
export async function askOfPerson(
  invocation: Invocation,
  named: string,
  callOf: (sub: string) => AdminCall,
): Promise<AdminAnswer> {
  const api = adminApi(invocation)
  const ask = (sub: string) => api.call(callOf(encodeURIComponent(sub)))
  try {
    return await ask(named)
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) throw error
  }
  const sub = await subOfUserName(invocation, named)
  if (sub === undefined) throw new Refused(`nobody has the sub or user name ${named}. ${HOW_TO_FIND}`)
  return ask(sub)
}

async function subOfUserName(invocation: Invocation, userName: string): Promise<string | undefined> {
  try {
    const [found] = await find(adminApi(invocation, 'scim'), 'userName', userName)
    const id: unknown = Object(found).id
    return typeof id === 'string' ? id : undefined
  } catch (error) {
    if (error instanceof Refused) return undefined
    throw error
  }
}

/** Throws Refused where there is no such person. Answers a hint where that cannot be told: who asks may not ask SCIM. */
export async function checkPerson(invocation: Invocation, sub: string): Promise<string | undefined> {
  const scim = adminApi(invocation, 'scim')
  let named: unknown
  try {
    if ((await find(scim, 'id', sub)).length > 0) return undefined
    ;[named] = await find(scim, 'userName', sub)
  } catch (error) {
    if (error instanceof Refused) return `Whether there is a user of the sub ${sub} cannot be told. ${HOW_TO_FIND}`
    throw error
  }
  const id: unknown = Object(named).id
  const more = typeof id === 'string' ? `; the user of this name has the sub ${id}` : `. ${HOW_TO_FIND}`
  throw new Refused(`there is no user of the sub ${sub}${more}`)
}
