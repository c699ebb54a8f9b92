/** The device's side of the device grant, RFC 8628: what a terminal without a browser of its own does. */
import { setTimeout as wait } from 'node:timers/promises'
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

/** There was none, or none that is HTTP: another try may have one. */
export class NoAnswer extends Refused {}

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
    throw new NoAnswer(`the auth service ${noAnswer(error, base, 'is the instance running? Give --url')}`)
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

const EXPIRED = 'nobody answered in time: begin anew'

const WHY: Readonly<Record<string, string>> = {
  access_denied: 'it was refused in the browser',
  expired_token: EXPIRED,
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

/**
 * Shows the code by `show`, and waits until the person has answered or the code has expired. Where the service does not answer, or
 * cannot, it asks half as often each time, until there is an answer (RFC 8628 3.5). Throws Refused.
 */
export async function deviceLogin(
  base: string,
  { clientId, scope }: { readonly clientId: string; readonly scope: string },
  show: (prompt: Prompt) => void,
): Promise<SavedLogin> {
  const { status, body } = await postForm(base, '/oauth/device_authorization', { client_id: clientId, scope })
  if (status !== 200) throw refusal(body, clientId)
  const address = textOf(body, 'verification_uri')
  const expiresInSeconds = numberOf(body, 'expires_in', 600)
  show({
    userCode: textOf(body, 'user_code'),
    address,
    completeAddress: typeof body.verification_uri_complete === 'string' ? body.verification_uri_complete : address,
    expiresInSeconds,
  })
  const form = { grant_type: GRANT, client_id: clientId, device_code: textOf(body, 'device_code') }
  const endsAtMs = Date.now() + expiresInSeconds * 1000
  let interval = numberOf(body, 'interval', 5)
  let trouble: string | undefined
  for (let pause = interval; ; ) {
    const leftMs = endsAtMs - Date.now()
    await wait(Math.max(0, Math.min(pause * 1000, leftMs)))
    if (leftMs <= pause * 1000) throw new Refused(trouble === undefined ? EXPIRED : `${EXPIRED} (${trouble})`)
    const polled = await poll(base, form)
    if (polled.status === 200) return loginOf(polled.body, clientId, Date.now())
    const { error } = polled.body
    trouble = undefined
    if (error === 'slow_down') interval += SLOW_DOWN_SECONDS
    // A node that is away for a moment, or a limit: the code still stands.
    else if (polled.status >= 429) trouble = polled.trouble ?? `the auth service answers ${polled.status}`
    else if (error !== 'authorization_pending') throw refusal(polled.body, clientId)
    pause = trouble === undefined ? interval : pause * 2
  }
}

type Polled = Awaited<ReturnType<typeof postForm>> & { readonly trouble?: string }

/** No answer reads as 503. */
async function poll(base: string, form: Readonly<Record<string, string>>): Promise<Polled> {
  try {
    return await postForm(base, '/oauth/token', form)
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    return { status: 503, body: {}, trouble: error.message }
  }
}
