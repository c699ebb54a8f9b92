import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, test } from 'vitest'
import { loadConfig } from '../../config/load.ts'
import { ConfigError } from '../../kernel/errors.ts'
import { signalSettings } from './security-events.ts'

const SECRET = Buffer.alloc(32, 1)

let folder: string
const file = (name: string) => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'security-events-'))
  writeFileSync(file('new'), `whsec_${SECRET.toString('base64')}\n`)
  writeFileSync(file('old'), `whsec_${Buffer.alloc(24, 2).toString('base64')}`)
  writeFileSync(file('short'), `whsec_${Buffer.alloc(16).toString('base64')}`)
  writeFileSync(file('header'), 'Bearer let-me-in\n')
  writeFileSync(file('lines'), 'Bearer one\nx-evil: two\n')
})
afterAll(() => rmSync(folder, { recursive: true }))

function load(yaml: string) {
  writeFileSync(file('sallyport.yaml'), yaml)
  return loadConfig({ file: file('sallyport.yaml'), env: {}, settings: [] })
}

const settings = (yaml: string) => signalSettings(load(yaml))
const webhook = (more: string) =>
  `security_events: { webhooks: [{ name: siem, url: "https://siem.example/x", secret_file: ./new${more} }] }`
const stream = (more: string) => `security_events: { streams: [{ name: shop, client_id: shop${more} }] }`

it('tells nobody unless it is configured', () => {
  expect(settings('issuer: http://localhost:8080').receivers).toEqual([])
})

it('reads both secrets of a webhook, the newest first, from files beside the configuration', () => {
  const { receivers, keepSeconds } = settings(webhook(', previous_secret_file: ./old, events: [sign_in]'))
  expect(keepSeconds).toBe(3 * 24 * 60 * 60)
  expect(receivers).toEqual([
    expect.objectContaining({
      kind: 'webhook',
      name: 'siem',
      events: ['sign_in'],
      url: new URL('https://siem.example/x'),
    }),
  ])
  const [{ secrets }] = receivers as unknown as [{ readonly secrets: readonly Uint8Array[] }]
  expect(secrets.map((secret) => Buffer.from(secret))).toEqual([SECRET, Buffer.alloc(24, 2)])
})

it('reads what is shown to a push receiver for each delivery, so that it can be turned', async () => {
  const { receivers } = settings(stream(', push: { url: "https://crm.example/", authorization_file: ./header }'))
  const [{ delivery }] = receivers as unknown as [{ readonly delivery: { authorization(): Promise<string> } }]
  expect(await delivery.authorization()).toBe('Bearer let-me-in')
  writeFileSync(file('header'), 'Bearer turned')
  expect(await delivery.authorization()).toBe('Bearer turned')
})

it('takes no second header in a file for one', async () => {
  const { receivers } = settings(stream(', push: { url: "https://crm.example/", authorization_file: ./lines }'))
  const [{ delivery }] = receivers as unknown as [{ readonly delivery: { authorization(): Promise<string> } }]
  await expect(delivery.authorization()).rejects.toThrow(/holds no value of a header/)
})

test.each<[string, () => string, RegExp]>([
  ['an event that does not leave', () => webhook(', events: [token_issued]'), /token_issued is none of/],
  [
    'a type that streams do not carry',
    () => stream(', events: [sign_in]'),
    /streams\.0\.events: sign_in is none of session_revoked/,
  ],
  [
    'a secret that is short',
    () => webhook('').replace('./new', './short'),
    /must be whsec_ and base64 of 24 to 64 bytes/,
  ],
  ['a secret that is not there', () => webhook('').replace('./new', './none'), /cannot be read/],
  ['plain http', () => webhook('').replace('https:', 'http:'), /must be an https address/],
  ['a push by plain http', () => stream(', push: { url: "http://crm.example/" }'), /must be an https address/],
  ['a name that is used twice', () => stream('}, { name: shop, client_id: other'), /is used twice/],
  ['a name that is none', () => stream('').replace('name: shop', 'name: "a b"'), /name/],
])('refuses to start with %s', (_what, yaml, message) => {
  expect(() => settings(yaml())).toThrow(ConfigError)
  expect(() => settings(yaml())).toThrow(message)
})
