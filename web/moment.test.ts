import { expect, test } from 'vitest'
import type { Language } from './language.ts'
import { noticeMail } from './letters/notice-mail.ts'
import { countryName, dateLocale, moment } from './moment.ts'
import { readBy } from './reader.ts'
import { PLAIN_THEME } from './theme.ts'

const AT = Date.UTC(2026, 5, 1, 22, 5) / 1000

test('a moment reads in the language of the page and the region of its reader, in their time zone (ECMA-402)', () => {
  expect(moment(AT, {}).toString()).toBe('<time datetime="2026-06-01T22:05:00.000Z">1 Jun 2026, 22:05 UTC</time>')
  const newYork = moment(AT, { uiLocales: ['en-US'], timeZone: 'America/New_York' }).toString()
  expect(newYork).toMatch(/Jun 1, 2026, 6:05\sPM EDT/)
})

test('what is no time zone and no tag reads as UTC, and breaks no page (RFC 7643 4.1.1 takes any text)', () => {
  for (const reader of [
    { timeZone: 'Nowhere/At_All' },
    { timeZone: '' },
    { uiLocales: ['en-'] },
    { uiLocales: ['<b>'] },
  ])
    expect(moment(AT, reader).toString()).toContain('1 Jun 2026, 22:05 UTC')
})

test('dates are in the language of the page, though their reader would like another', () => {
  expect(dateLocale(['tlh', 'en-NZ'])).toBe('en-NZ')
  expect(dateLocale(['tlh'])).toBe('en-GB')
})

test('a country is named; what is no code stands as it is', () => {
  expect(countryName('DE', {})).toBe('Germany')
  expect(countryName('<x>', {})).toBe('<x>')
})

test('a letter tells the time in the language of its words and the time zone of its reader, whoever is at work here', () => {
  const atWork = { chosen: 'de', accepted: ['de'], theme: PLAIN_THEME } as const
  const letterTo = (...locales: Language[]) =>
    readBy(atWork, () =>
      noticeMail(
        'password_changed',
        {},
        { issuer: 'https://id.example', nowMs: AT * 1000, locales, timeZone: 'Asia/Kathmandu' },
      ),
    )
  expect(letterTo('en').text).toContain('When: 2 Jun 2026, 03:50')
  expect(letterTo('de').text).toContain('Zeitpunkt: 2. Juni 2026, 03:50')
  expect(letterTo('ar').text).toMatch(/الوقت: .*2026/)
  // An account that names no language is written to as whoever is at work reads.
  expect(letterTo().text).toContain('Zeitpunkt: 2. Juni 2026')
})
