/** For tests: a browser that binds its session to a key of its device, over HTTP as the draft has it. */
import type { Browser, Visited } from '../servers/browser.ts'
import { challengeIn, type DeviceKeyPair, makeDeviceKey, offerIn } from '../servers/device-key.ts'

export interface BoundBrowser {
  readonly key: DeviceKeyPair
  /** What the registration answered. */
  readonly registered: Visited
  /** The session's name between the browser and us. */
  readonly id: string
  /** Asks for a challenge; 403. */
  challenge(): Promise<Visited>
  /** A proof that answers a new challenge. */
  proof(): Promise<string>
  /** Sends a proof where this says, with the cookies as they are now; answers the status. */
  send(route: (url: string) => string, proof: string): Promise<number>
  /** Asks for a challenge and answers it. */
  refresh(key?: DeviceKeyPair): Promise<Visited>
}

/** After a sign-in. */
export async function bindBrowser(browser: Browser, issuer: string): Promise<BoundBrowser> {
  const key = makeDeviceKey()
  const { path, challenge } = offerIn(browser.offer)
  const send = (at: string, headers: Readonly<Record<string, string>>) =>
    browser.visit(new URL(at, issuer).href, { method: 'POST', headers })
  const registered = await send(path, { 'secure-session-response': await key.prove({ challenge, withKey: true }) })
  const told = registered.status === 200 ? JSON.parse(registered.text) : {}
  const id = String(told.session_identifier)
  const ask = (response?: string) =>
    send(String(told.refresh_url), {
      'sec-secure-session-id': `"${id}"`,
      ...(response !== undefined && { 'secure-session-response': response }),
    })
  const proof = async (other = key) => {
    const asked = challengeIn((await ask()).headers.get('secure-session-challenge'))
    return other.prove({ challenge: asked.challenge })
  }
  return {
    key,
    registered,
    id,
    challenge: () => ask(),
    proof: () => proof(),
    send: async (route, response) => {
      const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const url = route(new URL(String(told.refresh_url), issuer).href)
      const headers = { cookie, 'sec-secure-session-id': `"${id}"`, 'secure-session-response': response }
      return (await fetch(url, { method: 'POST', headers })).status
    },
    refresh: async (other) => ask(await proof(other)),
  }
}
