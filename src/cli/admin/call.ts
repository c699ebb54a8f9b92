/** Calls the admin API of a running instance; the decision `admin` judges who asks. */
import type { Invocation } from '../command.ts'
import { savedToken } from '../login/commands.ts'
import { noAnswer } from '../no-answer.ts'
import { Refused, saidWhen } from '../refused.ts'
import { type AdminAccess, adminAccess } from './credentials.ts'

const DEADLINE_MS = 60_000

export interface AdminCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the address of the service, e.g. `/admin/keys`. */
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface AdminAnswer {
  readonly status: number
  readonly headers: Headers
  /** Empty where nothing was said. */
  readonly body: Readonly<Record<string, unknown>>
}

export interface AdminApi {
  /** Throws Refused with what the instance said when it does not answer success. */
  call(call: AdminCall): Promise<AdminAnswer>
}

/** Gets one access token for all its calls. */
export function adminApi(invocation: Invocation, scope: 'admin' | 'scim' = 'admin'): AdminApi {
  const access = adminAccess(invocation.config(), invocation)
  let token: Promise<string> | undefined
  return {
    async call({ method, path, body, headers }) {
      token ??= tokenOf(access, scope)
      const sent = {
        authorization: `Bearer ${await token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      }
      const answer = await ask(access.base, path, {
        method,
        headers: sent,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      if (answer.status < 300) return answer
      throw new Refused(refusal(answer), answer.status)
    },
  }
}

/** RFC 6749 4.4: a client that acts for itself. */
async function tokenOf({ base, caller }: AdminAccess, scope: string): Promise<string> {
  if ('token' in caller) return caller.token
  if ('login' in caller) {
    const saved = await savedToken(caller.login)
    if (saved === undefined) throw new Refused(`nobody is signed in to ${caller.login}: sallyport login`)
    return saved
  }
  const basic = [caller.clientId, caller.clientSecret].map(encodeURIComponent).join(':')
  const answer = await ask(base, '/oauth/token', {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(basic).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
  })
  const { access_token: token, error_description: why } = answer.body
  if (answer.status === 200 && typeof token === 'string') return token
  const said = typeof why === 'string' ? why : `status ${answer.status}`
  throw new Refused(saidWhen(`no token for client ${caller.clientId}: ${said}`, answer.headers))
}

async function ask(base: string, path: string, init: RequestInit): Promise<AdminAnswer> {
  let answer: Response
  let text: string
  try {
    answer = await fetch(`${base}${path}`, { ...init, redirect: 'error', signal: AbortSignal.timeout(DEADLINE_MS) })
    text = await answer.text()
  } catch (error) {
    throw new Refused(`the auth service ${noAnswer(error, base, 'is the instance running? Give --url')}`)
  }
  return { status: answer.status, headers: answer.headers, body: readJson(text) }
}

function readJson(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return Object(value)
  } catch {
    return {}
  }
}

function refusal(answer: AdminAnswer): string {
  const { status, body } = answer
  const said = typeof body.title === 'string' ? body.title : `the answer is not one of an admin API (${status})`
  if (status === 401) return `${said} The access token is not accepted there.`
  if (status === 403)
    return `${said} The client needs the scope admin and a role that permits this (policies/rbac/data.yaml).`
  return saidWhen(said, answer.headers)
}
