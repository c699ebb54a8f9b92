/** For tests: somebody who has an account, and their browser on its pages, without JavaScript. */
import { createPasswordHasher } from '../../src/auth/user/password/hasher.ts'
import type { UserRecord } from '../../src/storage/records.ts'
import type { TestService } from '../servers/auth-service.ts'
import { Browser, formAt, type Visited } from '../servers/browser.ts'
import { newAddress, type Population, TENANT, userRecord } from '../servers/population.ts'
import type { Provider } from './requests.ts'

export type Person = Population['user']

const PASSWORD = 'correct horse battery'
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
let passwordHash: Promise<string> | undefined

export async function newPerson(
  { store }: Pick<TestService, 'store'>,
  parts: Partial<UserRecord> = {},
): Promise<Person> {
  passwordHash ??= createPasswordHasher().hash(PASSWORD)
  const user = userRecord(newAddress(), {
    passwordHash: await passwordHash,
    profile: { displayName: 'Alice Doe', emails: [{ value: 'alice@example.com', primary: true }] },
    ...parts,
  })
  const written = await store.users.create(TENANT, user)
  if (written !== 'written') throw new Error(`user: ${written}`)
  return { sub: user.sub, userName: user.userName, password: PASSWORD }
}

export const newBrowser = ({ issuer }: Pick<Provider, 'issuer'>): Browser => new Browser(issuer, FIREFOX)

/** At a page of ours, signed in on the way to it. */
export async function enter(
  service: Pick<Provider, 'issuer'>,
  person: Person,
  path: string,
  browser = newBrowser(service),
): Promise<{ readonly browser: Browser; readonly page: Visited }> {
  let page = await browser.visit(`${service.issuer}${path}`)
  if (page.url.includes('/login?'))
    page = await browser.submit(page, { username: person.userName, password: person.password })
  return { browser, page }
}

/** The page's form that goes there, as our own pages send it. */
export function send(
  browser: Browser,
  page: Visited,
  to: RegExp,
  values: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Visited> {
  const { action, fields } = formAt(page, to)
  for (const [name, value] of Object.entries(values)) fields.set(name, value)
  return browser.visit(action, {
    method: 'POST',
    body: fields,
    headers: { 'sec-fetch-site': 'same-origin', ...headers },
  })
}

/** The token of the form that has this value: a page has one form for each thing. */
export function tokenFor(page: Visited, field: string, value: string): { readonly form_token: string } {
  const form = page.text.split('<form').find((part) => part.includes(`name="${field}" value="${value}"`)) ?? ''
  return { form_token: /name="form_token" value="([^"]*)"/.exec(form)?.[1] ?? '' }
}

export async function storedPerson({ store }: Pick<TestService, 'store'>, { sub }: Person): Promise<UserRecord> {
  const user = await store.users.find(TENANT, sub)
  if (user === undefined) throw new Error('no such person')
  return user
}

/** The service, for what is done there as this person. */
export const as = ({ issuer }: Pick<Provider, 'issuer'>, user: Person): Provider => ({ issuer, population: { user } })
