/** For tests: a person who adds second factors and signs in with them, page by page. */
import { createHmac } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestService } from '../servers/auth-service.ts'
import { Authenticator, type Behaviour, optionsOn } from '../servers/authenticator.ts'
import { Browser, type Visited } from '../servers/browser.ts'
import { parametersOf, urlOf } from './authorization.ts'

export const PASSWORD_ACR = 'urn:sallyport:acr:password'
export const MFA_ACR = 'urn:sallyport:acr:mfa'
export const PHISHING_RESISTANT = 'urn:sallyport:acr:phishing_resistant'

export type Person = Pick<TestService['population']['user'], 'userName' | 'password'>

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648 6. */
export function fromBase32(text: string): Buffer {
  const bits = [...text.replaceAll(/[\s=]/g, '')].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0'))
  return Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

/** RFC 6238 4, written anew here. */
export function codeAt(secret: string, epochSeconds: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(epochSeconds / 30)))
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest()
  const offset = (mac[19] ?? 0) & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

export const authorizeUrl = (service: TestService, more: Record<string, string> = {}): string =>
  urlOf(service.issuer, parametersOf(service.population.own, more))

/** As far as the password. */
export async function signInByPassword(
  service: TestService,
  browser: Browser,
  more: Record<string, string> = {},
  { userName, password }: Person = service.population.user,
): Promise<Visited> {
  let page = await browser.visit(authorizeUrl(service, more))
  if (page.url.includes('/login/select')) page = await browser.submit(page, { answer: 'another' })
  if (page.url.includes('/login?')) page = await browser.submit(page, { username: userName })
  return page.url.includes('/login/password') ? browser.submit(page, { password }) : page
}

/** As far as the password, for one of our own pages. */
export async function openOwnPage(
  service: TestService,
  browser: Browser,
  path: string,
  { userName, password }: Person = service.population.user,
): Promise<Visited> {
  let page = await browser.visit(`${service.issuer}${path}`)
  if (page.url.includes('/login?')) page = await browser.submit(page, { username: userName })
  return page.url.includes('/login/password') ? browser.submit(page, { password }) : page
}

export const secretOn = (page: Visited): string => /class="secret">([A-Z2-7 ]+)</.exec(page.text)?.[1] ?? ''
export const recoveryCodesOn = (page: Visited): string[] =>
  [...page.text.matchAll(/<li><code>([0-9A-Z-]{29})<\/code>/g)].map(([, code = '']) => code)

export interface Enrolled {
  readonly secret: string
  readonly recoveryCodes: readonly string[]
  readonly page: Visited
}

/** On the page that shows the secret; the step that confirms it is spent. */
export async function confirmTotp(browser: Browser, page: Visited, nowSeconds: number): Promise<Enrolled> {
  const secret = secretOn(page)
  const done = await browser.submit(page, { code: codeAt(secret, nowSeconds) })
  return { secret, recoveryCodes: recoveryCodesOn(done), page: done }
}

/** In a browser that is signed in freshly. */
export async function addTotp(service: TestService, browser: Browser, nowSeconds: number): Promise<Enrolled> {
  return confirmTotp(browser, await openOwnPage(service, browser, '/mfa/enrol/totp'), nowSeconds)
}

export interface AddedPasskey {
  readonly authenticator: Authenticator
  readonly recoveryCodes: readonly string[]
  readonly page: Visited
}

export async function addPasskey(
  service: TestService,
  browser: Browser,
  how: Behaviour = {},
  authenticator = new Authenticator(service.issuer),
): Promise<AddedPasskey> {
  const asked = await openOwnPage(service, browser, '/mfa/enrol/passkey')
  const credential = authenticator.create(optionsOn(asked.text), how)
  const page = await browser.submit(asked, { credential, name: 'Key' })
  return { authenticator, recoveryCodes: recoveryCodesOn(page), page }
}

/** By the page of its own, without a name; what comes of it. */
export async function signInByPasskey(
  service: TestService,
  browser: Browser,
  authenticator: Authenticator,
  how: Behaviour = {},
  more: Record<string, string> = {},
): Promise<Visited> {
  const login = await browser.visit(authorizeUrl(service, more))
  const page = await browser.visit(login.url.replace('/login?', '/mfa/passkey?'))
  return browser.submit(page, { credential: authenticator.get(optionsOn(page.text), how) })
}

/** Subjects of the letters in a folder, the oldest first. */
export const lettersIn = (folder: string): string[] =>
  (existsSync(folder) ? readdirSync(folder) : [])
    .toSorted()
    .map((file) => /^Subject: (.*)$/m.exec(readFileSync(join(folder, file), 'utf8'))?.[1] ?? '')

export const aBrowser = (service: TestService): Browser => new Browser(service.issuer)
