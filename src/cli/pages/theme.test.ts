import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { errorPage } from '../../../web/error.ts'
import { readBy } from '../../../web/reader.ts'
import { ConfigError } from '../../kernel/errors.ts'
import { contrast } from './contrast.ts'
import { GROUNDS, pageTheme } from './theme.ts'

const folder = mkdtempSync(join(tmpdir(), 'theme-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

test('the contrast ratio is that of WCAG 2.2', () => {
  expect(contrast('#ffffff', '#000000')).toBeCloseTo(21)
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
  expect(contrast('#ffffff', '#777777')).toBeCloseTo(4.48, 2)
})

test('the colours that are assumed are those of the style sheet, and can be read', () => {
  const [light = '', dark = ''] = readFileSync(resolve('web/style.css'), 'utf8').split('prefers-color-scheme: dark')
  for (const [scheme, sheet] of [
    ['light', light],
    ['dark', dark],
  ] as const) {
    const { accent, onAccent, card, ground } = GROUNDS[scheme]
    for (const [name, colour] of Object.entries({ accent, 'on-accent': onAccent, card, ground }))
      expect(sheet).toContain(`--${name}: ${colour};`)
    for (const on of [card, ground, onAccent]) expect(contrast(accent, on)).toBeGreaterThanOrEqual(4.5)
  }
})

test('a colour that cannot be read is refused, with its contrast and what is asked for (WCAG 1.4.3)', () => {
  const refused = (pages: object, why: RegExp | typeof ConfigError) =>
    expect(() => pageTheme({ pages: { name: 'Acme', ...pages } })).toThrow(why)
  refused(
    { light: { accent: '#ffcc00', on_accent: '#000000' } },
    /pages\.light\.accent: #ffcc00 on the card .* 4\.5 to 1/,
  )
  refused({ dark: { accent: '#003366' } }, ConfigError)
  refused({ light: { accent: '#8a1538', on_accent: '#333333' } }, /pages\.light\.on_accent/)
})

test('name, colours, logo, links and headline stand on the page, and its policy lets the logo in and nothing else', () => {
  const logo = file('logo.svg', '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>')
  const { theme, assets } = pageTheme({
    pages: {
      name: 'Acme <Bank>',
      logo_file: logo,
      light: { accent: '#8a1538' },
      support_url: 'https://acme.example/help',
    },
  })
  expect(assets.map(({ name, contentType }) => [name, contentType])).toEqual([['logo.svg', 'image/svg+xml']])
  const { headers, body } = readBy({ accepted: ['de'], theme }, () =>
    errorPage({ status: 404, code: 'not_found', description: '' }),
  )
  expect(body).toContain('· Acme &lt;Bank&gt;</title>')
  expect(body).toContain('--accent:#8a1538')
  expect(body).toMatch(/<img class="logo" src="\/assets\/[\w-]{22}\/logo\.svg" alt="Acme &lt;Bank&gt;">/)
  expect(body).toContain('<a href="https://acme.example/help" rel="noreferrer">Hilfe</a>')
  expect(headers['content-security-policy']).toContain("img-src 'self';")
})

test('a logo that is no picture, too large or not there is refused', () => {
  const refused = (logo_file: string, why: RegExp) =>
    expect(() => pageTheme({ pages: { name: 'Acme', logo_file } })).toThrow(why)
  refused(file('logo.gif', 'GIF89a'), /neither SVG nor PNG/)
  refused(file('large.png', new Uint8Array(300 * 1024)), /larger/)
  refused(join(folder, 'none.png'), /cannot be read/)
})
