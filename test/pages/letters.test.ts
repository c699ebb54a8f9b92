/** What holds of every letter, in each language: text and HTML alike, nothing that is fetched, axe clean in Chromium. ASVS 6.3.7; WCAG 2.2. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import type { AxeResults } from 'axe-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LANGUAGE_FACTS, LANGUAGES, type Language } from '../../web/language.ts'
import { linkMail } from '../../web/letters/link-mail.ts'
import type { Letter } from '../../web/letters/mail.ts'
import { type NoticeFacts, type NoticeKind, noticeMail } from '../../web/letters/notice-mail.ts'
import { readBy } from '../../web/reader.ts'
import { PLAIN_THEME } from '../../web/theme.ts'
import { LETTERS } from '../../web/words/letters.ts'
import { type Chromium, openChromium } from '../servers/chromium.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const ISSUER = 'https://id.example'
const NAME = 'ada <b>Lovelace</b>'
const FACTS: NoticeFacts = {
  factor: 'passkey',
  name: 'Blue\nkey',
  browser: 'Firefox',
  system: 'Linux',
  provider: 'GitHub',
}
const ENDED: NoticeFacts = {
  ended: [
    { way: 'totp' },
    { way: 'passkey', name: 'Blue\nkey' },
    { way: 'recovery_codes' },
    { way: 'provider', name: 'GitHub' },
  ],
}
const STOP = { href: `${ISSUER}/email/stop?link=s`, hours: 72 }
const FROM = { browser: 'Safari', system: 'iOS', network: '203.0.113.0/24', country: 'DE' }

const PURPOSES = ['password_reset', 'email_verify', 'email_change'] as const
const KINDS = Object.keys(LETTERS.en.notices) as readonly NoticeKind[]

const around = (language: Language, userName: string | undefined = NAME) => ({
  ...{ issuer: ISSUER, nowMs: Date.UTC(2026, 5, 1, 22, 5), locales: [language], userName },
})
const askedFrom = <T>(make: () => T): T => readBy({ accepted: [], theme: PLAIN_THEME, from: () => FROM }, make)

const lettersIn = (language: Language): readonly (readonly [string, Letter])[] =>
  askedFrom(() => [
    ...PURPOSES.map((purpose) => {
      const link = `${ISSUER}/password/reset?link=${'x'.repeat(43)}`
      return [purpose, linkMail({ ...around(language), purpose, link, minutes: 20 })] as const
    }),
    ...KINDS.map((kind) => [kind, noticeMail(kind, FACTS, around(language))] as const),
    ['email_change_asked, to be stopped', noticeMail('email_change_asked', { stop: STOP }, around(language))] as const,
    ['email_change_stopped, ways ended', noticeMail('email_change_stopped', ENDED, around(language))] as const,
  ])

const unescaped = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
const wordsOf = (text: string): string => text.replaceAll(/[\s:]+/g, ' ').trim()

let browser: Chromium
beforeAll(async () => {
  browser = await openChromium({ viewport: { width: 390, height: 844 } })
})
afterAll(() => browser.close())

describe.each(LANGUAGES)('in %s', (language) => {
  test.each(lettersIn(language))('%s says what, of which account, when, from where and what to do', (_name, letter) => {
    const says = LETTERS[language]
    const blocks = letter.text.trimEnd().split('\n\n')
    expect(blocks[1]?.split('\n')).toEqual([
      says.account('id.example', NAME),
      expect.stringMatching(/2026/),
      expect.stringMatching(/Safari.*iOS.* · .*203\.0\.113\.0\/24.* · \p{L}+/u),
    ])
    expect(blocks[2]).toMatch(/^.{10,}:\nhttps:\/\/id\.example\/\S+$/)
    expect(blocks.at(-1)).toBe(says.closing('id.example'))
    for (const line of letter.text.split('\n')) expect(line).not.toMatch(/undefined|\[object|^ | $/)
    expect(letter.subject).toMatch(/^.{5,78}$/)
  })

  test.each(lettersIn(language))('%s reads the same as HTML, and fetches, runs and hides nothing', (_name, letter) => {
    const { html, text, subject } = letter
    expect(html).toContain(`<html lang="${language}" dir="${LANGUAGE_FACTS[language].direction}">`)
    const body = html.slice(html.indexOf('<main'))
    const shown = unescaped(body.replaceAll(/<[^>]+>/g, ' '))
    expect(wordsOf(shown)).toBe(wordsOf(`${subject} ${text}`))
    expect(html).not.toMatch(
      /<(img|link|script|style|iframe|form|input|svg|object)\b|url\(|src=|http-equiv|\son\w+=|display:none/i,
    )
    for (const [, href = ''] of html.matchAll(/href="([^"]*)"/g)) expect(new URL(href).origin).toBe(ISSUER)
    expect(text.match(/https?:\/\/\S+/g)).toHaveLength(1)
  })

  test('all are axe clean, on a phone, light and dark (WCAG 2.2 AA)', async () => {
    const { page } = browser
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      for (const [name, letter] of lettersIn(language)) {
        await page.setContent(letter.html)
        const results = await page.evaluate<AxeResults>(`${AXE}; axe.run(document, { resultTypes: ['violations'] })`)
        expect(
          results.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
          name,
        ).toEqual([])
        const width = await page.evaluate<number>('document.documentElement.scrollWidth')
        expect(width, name).toBeLessThanOrEqual(390)
      }
      const file = `letter-${language}-${colorScheme}.png`
      await page.screenshot({ path: resolve('test-results/screens', file), fullPage: true })
    }
  })
})

test.each([
  ['en', 'were removed: authenticator app, passkey (Blue key), all recovery codes, and GitHub.'],
  ['de', 'wurden entfernt: Authenticator-App, Passkey (Blue key), alle Wiederherstellungscodes und GitHub.'],
  ['ar', 'تطبيق مصادقة ومفتاح مرور (Blue key) وجميع رموز الاسترداد وGitHub.'],
] as const)('names the ways in that ended, to the person alone: %s', (language, said) => {
  expect(noticeMail('email_change_stopped', ENDED, around(language)).text).toContain(said)
  const { issuer, nowMs, locales } = around(language)
  const toOthers = noticeMail('email_change_stopped', ENDED, { issuer, nowMs, locales }).text
  expect(toOthers).toBe(noticeMail('email_change_stopped', {}, { issuer, nowMs, locales }).text)
  expect(noticeMail('email_change_stopped', { ended: [] }, around(language)).text).not.toContain('GitHub')
})

test('an address that nobody has proven to be theirs is told neither who the person is nor where', () => {
  const { locales, issuer, nowMs } = around('en')
  const surroundings = { locales, issuer, nowMs }
  const letters = askedFrom(() => [
    noticeMail('email_changed', {}, surroundings),
    linkMail({ ...surroundings, purpose: 'email_change', link: `${ISSUER}/email/verify?link=x`, minutes: 20 }),
  ])
  for (const { text } of letters) {
    expect(text).toContain('Account: id.example\nWhen: ')
    expect(text).not.toMatch(/Where|Lovelace|203\.0\.113/)
  }
})

test.each([
  ['password_changed', '/password/forgot'],
  ['password_reset', '/password/forgot'],
  ['email_change_stopped', '/password/forgot'],
  ['factor_added', '/account/factors'],
  ['guessing', '/account/factors'],
  ['new_sign_in', '/account/activity'],
  ['email_changed', '/account/activity'],
] as const)('who did not do it is led to what helps: %s, %s', (kind, path) => {
  expect(noticeMail(kind, {}, around('en')).text).toContain(`:\n${ISSUER}${path}\n`)
})
