/** `sallyport login` and `sallyport logout`: a person at a terminal, signed in by the device grant (RFC 8628). */
import { authAddress } from '../admin/credentials.ts'
import type { Invocation } from '../command.ts'
import { orRefused, Refused } from '../refused.ts'
import { deviceLogin, loginOf, postForm } from './device-flow.ts'
import { findLogin, loginsFile, type SavedLogin, saveLogin } from './saved-logins.ts'

export const CLI_CLIENT = 'sallyport-cli'
const SCOPE = 'openid offline_access admin scim'
/** So that a token does not end on its way. */
const EARLY_SECONDS = 30

const option = ({ values }: Invocation, name: string): string | undefined => {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

const baseOf = (invocation: Invocation): string => authAddress(invocation.config(), invocation)

export const login = (invocation: Invocation): Promise<number> =>
  orRefused(async () => {
    const base = baseOf(invocation)
    const clientId = option(invocation, 'client-id') ?? CLI_CLIENT
    const saved = await deviceLogin(base, { clientId, scope: option(invocation, 'scope') ?? SCOPE }, (prompt) => {
      console.log(`Open ${prompt.address} in any browser and type this code:\n\n    ${prompt.userCode}\n`)
      console.log(`Or open ${prompt.completeAddress} and compare it.`)
      console.log(`Waiting for your answer, ${Math.round(prompt.expiresInSeconds / 60)} minutes at most …`)
    })
    await saveLogin(base, saved)
    console.log(`Signed in to ${base}. Commands for it act as you now; sallyport logout ends it.`)
  })

export const logout = (invocation: Invocation): Promise<number> =>
  orRefused(async () => {
    const base = baseOf(invocation)
    const saved = findLogin(base)
    if (saved === undefined) throw new Refused(`nobody is signed in to ${base} (${loginsFile()})`)
    const token = saved.refresh_token ?? saved.access_token
    const { status } = await postForm(base, '/oauth/revoke', { client_id: saved.client_id, token })
    await saveLogin(base, undefined)
    if (status !== 200) throw new Refused(`${base} did not revoke the tokens (${status}); they were forgotten here`)
    console.log(`Signed out of ${base}.`)
  })

/** The access token of who is signed in to `base`, renewed where it has ended; undefined where nobody is. */
export async function savedToken(base: string): Promise<string | undefined> {
  const saved = findLogin(base)
  if (saved === undefined) return undefined
  if (saved.expires_at - EARLY_SECONDS > Date.now() / 1000) return saved.access_token
  return (await renewed(base, saved)).access_token
}

async function renewed(base: string, saved: SavedLogin): Promise<SavedLogin> {
  const again = `the sign-in to ${base} has ended: sallyport login`
  if (saved.refresh_token === undefined) throw new Refused(again)
  const form = { grant_type: 'refresh_token', client_id: saved.client_id, refresh_token: saved.refresh_token }
  const { status, body } = await postForm(base, '/oauth/token', form)
  if (status !== 200) throw new Refused(again)
  const next = loginOf(body, saved.client_id, Date.now(), saved.refresh_token)
  await saveLogin(base, next)
  return next
}
