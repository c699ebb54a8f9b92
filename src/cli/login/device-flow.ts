/** The device's side of the device grant, RFC 8628: what a terminal without a browser of its own does. */
import { setTimeout as wait } from 'node:timers/promises'
import { UsageError } from '../command.ts'
import { noAnswer } from '../no-answer.ts'
import { Refused } from '../refused.ts'
import type { SavedLogin } from './saved-logins.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const DEADLINE_MS = 30_000
/** RFC 8628 3.5. */
const SLOW_DOWN_SECONDS = 5

export interface Prompt {
  readonly userCode: string
  readonly address: string
  readonly completeAddress: string
  readonly expiresInSeconds: number
}

type Body = Readonly<Record<string, unknown>>

/** Form in, JSON out. */
export async function postForm(base: string, path: string, form: Readonly<Record<string, string>>) {
  try {
    const answer = await fetch(`${base}${path}`, {
      method: 'POST',
      body: new URLSearchParams(form),
      redirect: 'error',
      signal: AbortSignal.timeout(DEADLINE_MS),
    })
    const text = await answer.text()
    const body: Body = text.startsWith('{') ? JSON.parse(text) : {}
    return { status: answer.status, body }
  } catch (error) {
    throw new UsageError(`the auth service ${noAnswer(error, base, 'is the instance running? Give --url')}`)
  }
}

const textOf = (body: Body, name: string): string => {
  const value = body[name]
  if (typeof value !== 'string') throw new Refused(`the answer has no ${name}: is this the address of an auth service?`)
  return value
}
const numberOf = (body: Body, name: string, otherwise: number): number => {
  const value = body[name]
  return typeof value === 'number' ? value : otherwise
}

export function loginOf(body: Body, clientId: string, nowMs: number, before?: string): SavedLogin {
  const refresh = typeof body.refresh_token === 'string' ? body.refresh_token : before
  return {
    client_id: clientId,
    access_token: textOf(body, 'access_token'),
    ...(refresh !== undefined && { refresh_token: refresh }),
    expires_at: Math.floor(nowMs / 1000) + numberOf(body, 'expires_in', 60),
  }
}

const WHY: Readonly<Record<string, string>> = {
  access_denied: 'it was refused in the browser',
  expired_token: 'nobody answered in time: begin anew',
}

function refusal(body: Body, clientId: string): Refused {
  const code = typeof body.error === 'string' ? body.error : 'unknown'
  const said = typeof body.error_description === 'string' ? body.error_description : 'the answer cannot be read'
  if (code === 'invalid_client' || code === 'unauthorized_client')
    return new Refused(
      `client ${clientId} may not sign people in on devices: ${said} See docs/administration.md, sallyport login`,
    )
  return new Refused(WHY[code] ?? said)
}

/** Shows the code by `show`, and waits until the person has answered. Throws Refused. */
export async function deviceLogin(
  base: string,
  { clientId, scope }: { readonly clientId: string; readonly scope: string },
  show: (prompt: Prompt) => void,
): Promise<SavedLogin> {
  const { status, body } = await postForm(base, '/oauth/device_authorization', { client_id: clientId, scope })
  if (status !== 200) throw refusal(body, clientId)
  const address = textOf(body, 'verification_uri')
  show({
    userCode: textOf(body, 'user_code'),
    address,
    completeAddress: typeof body.verification_uri_complete === 'string' ? body.verification_uri_complete : address,
    expiresInSeconds: numberOf(body, 'expires_in', 600),
  })
  const form = { grant_type: GRANT, client_id: clientId, device_code: textOf(body, 'device_code') }
  for (let interval = numberOf(body, 'interval', 5); ; ) {
    await wait(interval * 1000)
    const polled = await postForm(base, '/oauth/token', form)
    if (polled.status === 200) return loginOf(polled.body, clientId, Date.now())
    if (polled.body.error === 'slow_down') interval += SLOW_DOWN_SECONDS
    // A node that is away for a moment, or a limit: the code still stands.
    else if (polled.body.error !== 'authorization_pending' && polled.status < 429) throw refusal(polled.body, clientId)
  }
}
