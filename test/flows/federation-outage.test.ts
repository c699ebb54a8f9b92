/** Providers that show other keys, are slow, fail or are gone: said clearly, soon, and over once they are back. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { METADATA_LIMITS } from '../../src/auth/federation/provider/metadata.ts'
import { randomId } from '../../src/kernel/ids.ts'
import { BREAKER_FIGURES } from '../../src/observability/breaker-state.ts'
import { makeAuthority } from '../servers/certificates.ts'
import { freePort } from '../servers/free-port.ts'
import { newAddress, TENANT } from '../servers/population.ts'
import type { Condition, SecureSite } from '../servers/secure-site.ts'
import { until } from '../servers/until.ts'
import {
  atProvider,
  codeAfter,
  type Federated,
  type FederatedOptions,
  failuresOf,
  linkTo,
  NO_PIN,
  onSignInPage,
  signInAt,
  somebody,
  startFederated,
} from './federation.ts'

const HALF_OPEN = String(BREAKER_FIGURES.half_open)

let service: Federated | undefined
afterEach(async () => {
  await service?.close()
  service = undefined
})

async function start(change: FederatedOptions['change']): Promise<Federated> {
  service = await startFederated(change ? { change } : {})
  service.google.person = { sub: randomId(), email: newAddress(), email_verified: true }
  return service
}

/** Enough trips, one after the other, that the breaker opens. */
async function trips(at: Federated, times: number): Promise<number[]> {
  const statuses: number[] = []
  for (let trip = 0; trip < times; trip += 1) {
    const open = await onSignInPage(at)
    statuses.push((await open.browser.visit(linkTo(open.page, 'google'))).status)
  }
  return statuses
}

const breaker = async (at: Federated): Promise<string | undefined> =>
  /federation_breaker_state\{provider="google"[^}]*\} (\d)/.exec(await at.metricsText())?.[1]

describe('pinned keys', () => {
  test('a wrong pin stops before anything is sent, and the log names provider, host and what was seen (checklist 43)', async () => {
    let seen = ''
    const at = await start((provider, { leaf }) => {
      seen = leaf
      return { ...provider, pins: [NO_PIN, `${'B'.repeat(43)}=`] }
    })
    expect(await trips(at, 1)).toEqual([503])
    expect(failuresOf(at)).toEqual(['pin_mismatch'])
    expect(at.google.asked).toEqual([])
    const line = at.logged.find((one) => one.includes('pin_mismatch'))
    expect(line).toContain('"provider":"google"')
    expect(line).toContain('localhost')
    expect(line).toContain(`sha256/${seen}`)
  })

  test.each([
    ['the backup pin', (leaf: string) => [NO_PIN, leaf]],
    ['the current pin', (leaf: string) => [leaf, NO_PIN]],
    ['a pin of the authority', (_: string, authority: string) => [NO_PIN, authority]],
  ])('%s lets the provider be used', async (_, pinsOf) => {
    const at = await start((provider, { leaf, authority }) => ({ ...provider, pins: pinsOf(leaf, authority) }))
    const open = await onSignInPage(at)
    await codeAfter(open.browser, await signInAt(open, 'google'))
  })

  test('an authority that is not trusted is refused, pins or not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'authority-'))
    const { certFile } = await makeAuthority(folder, 'another', '/CN=Another CA')
    const ca = readFileSync(certFile, 'utf8')
    rmSync(folder, { recursive: true })
    const at = await start((provider) => ({ ...provider, ca }))
    expect(await trips(at, 1)).toEqual([503])
    expect(failuresOf(at)).toEqual(['tls_failed'])
  })

  test('a private address that the configuration does not allow is not reached (SSRF; checklist 48)', async () => {
    const at = await start((provider) => ({ ...provider, allow: [] }))
    expect(await trips(at, 1)).toEqual([503])
    expect(at.google.asked).toEqual([])
  })
})

test('a key set that is empty, or is not to be had, signs nobody in (OIDC Core 10.1.1; checklist 43)', async () => {
  const at = await start(undefined)
  const come = async (provider: 'google' | 'other') => {
    at[provider].person = somebody()
    return (await signInAt(await onSignInPage(at), provider)).status
  }
  at.google.alter.set('jwks', () => ({ keys: [] }))
  expect([await come('google'), failuresOf(at).at(-1)]).toEqual([400, 'wrong_token'])
  const jwks_uri = `https://localhost:${await freePort()}/jwks`
  at.other.alter.set('openid-configuration', (body) => ({ ...body, jwks_uri }))
  expect([await come('other'), failuresOf(at).at(-1)]).toEqual([503, 'unavailable'])
  // The code was redeemed: what was missing are the keys.
  expect(at.other.asked).toContain('POST /token')
  for (const { person } of [at.google, at.other])
    expect(await at.store.users.findByUserName(TENANT, String(person.email))).toBeUndefined()

  at.google.restoreKeys()
  at.advance(METADATA_LIMITS.keysPauseMs / 1000 + 1)
  expect(await come('google')).not.toBe(400)
  expect(await at.store.users.findByUserName(TENANT, String(at.google.person.email))).toBeDefined()
})

describe('a provider that does not answer', () => {
  const hurried: FederatedOptions['change'] = (provider) => ({
    ...provider,
    timeoutMs: 600,
    retries: 0,
    breaker: { failures: 2, resetMs: 60 },
  })

  const breaks = async ({ google }: Federated, how: Condition | 'closed') => {
    if (how === 'closed') await google.close()
    else google.condition = how
  }
  /** Its port is open, and takes its time from now on: whoever asks waits for their deadline. */
  const hesitates = async ({ google }: Federated, how: Condition | 'closed') => {
    google.condition = 'slow'
    if (how === 'closed') await google.reopen()
  }

  test.each(['dead', 'slow', 'failing', 'closed'] as const)(
    '%s: the breaker opens, is seen in metric and page, asks by itself half-open, and closes once it is back',
    async (condition) => {
      const at = await start(hurried)
      await breaks(at, condition)
      expect(await breaker(at)).toBe('0')
      expect(await trips(at, 2)).toEqual([503, 503])
      expect(failuresOf(at)).toEqual(['unavailable', 'unavailable'])
      expect(await breaker(at)).not.toBe('0')
      expect(await at.metricsText()).toMatch(/federation_breaker_opened_total\{provider="google"[^}]*\} [1-9]/)

      const { page } = await onSignInPage(at)
      expect(page.text).toContain('Google is not available at the moment')
      expect(page.text).not.toContain('/federation/google/start')
      // The others are.
      expect(page.text).toContain('Continue with GitHub')

      await hesitates(at, condition)
      await until(async () => (await breaker(at)) === HALF_OPEN, 'the breaker waits for an answer, half-open')
      at.google.condition = 'up'
      await until(async () => (await breaker(at)) === '0', 'the breaker closes')
      const back = await onSignInPage(at)
      await codeAfter(back.browser, await signInAt(back, 'google'))
    },
  )

  test('while it is open nobody is sent there, and no request of a person’s finds out whether it is back', async () => {
    const at = await start((provider) => ({
      ...hurried(provider, { leaf: '', authority: '' }),
      breaker: { failures: 2, resetMs: 3_600_000 },
    }))
    at.google.condition = 'dead'
    const { browser, page } = await onSignInPage(at)
    const link = linkTo(page, 'google')
    await trips(at, 2)
    const asked = at.google.asked.length
    const refused = await browser.visit(link)
    expect([refused.status, refused.left]).toEqual([503, undefined])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(at.google.asked).toHaveLength(asked)
  })

  test('half-open, it asks once by itself, and opens again where nobody answers', async () => {
    const at = await start(hurried)
    at.google.condition = 'failing'
    await trips(at, 2)
    const probes = () => at.google.asked.length
    const before = probes()
    await until(async () => probes() >= before + 2, 'it has asked twice')
    expect(new Set(at.google.asked)).toEqual(new Set(['GET /.well-known/openid-configuration']))
    expect((await onSignInPage(at)).page.text).toContain('Google is not available at the moment')
  })

  test('what only reads is tried again, a code is not redeemed twice (RFC 9110 9.2.2)', async () => {
    const at = await start((provider) => ({ ...provider, retries: 2, breaker: { failures: 100, resetMs: 1_000 } }))
    at.google.condition = 'failing'
    await trips(at, 1)
    expect(at.google.asked).toHaveLength(3)
    at.google.condition = 'up'
    const { browser, page } = await onSignInPage(at)
    const { left } = await browser.visit(linkTo(page, 'google'))
    const answer = await atProvider(left)
    at.google.condition = 'failing'
    const sent = at.google.asked.length
    expect((await browser.visit(answer.href)).status).toBe(503)
    expect(at.google.asked.slice(sent)).toEqual(['POST /token'])
  })

  test('metadata that was read serves on while the provider is away from it for a moment', async () => {
    const at = await start(undefined)
    await trips(at, 1)
    const sites: SecureSite[] = [at.google]
    for (const site of sites) site.condition = 'dead'
    const { browser, page } = await onSignInPage(at)
    expect((await browser.visit(linkTo(page, 'google'))).left?.origin).toBe(at.google.origin)
  })

  test('GitHub too: its breaker opens and closes', async () => {
    const at = await start(hurried)
    at.github.person = { id: 7, login: 'seven' }
    at.github.emails = [{ email: 'seven@example.com', primary: true, verified: true }]
    const come = async () => {
      const { browser, page } = await onSignInPage(at)
      const { left } = await browser.visit(linkTo(page, 'github'))
      const answer = await atProvider(left)
      at.github.condition = 'dead'
      const status = (await browser.visit(answer.href)).status
      at.github.condition = 'up'
      return status
    }
    expect(await come()).toBe(503)
    expect(await come()).toBe(503)
    const state = async () =>
      /federation_breaker_state\{provider="github"[^}]*\} (\d)/.exec(await at.metricsText())?.[1]
    await until(async () => (await state()) === '0', 'the breaker closes')
    const { browser, page } = await onSignInPage(at)
    await codeAfter(browser, await signInAt({ browser, page }, 'github'))
  })
})
