import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dictionary } from '@zxcvbn-ts/language-common'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConfigError, StoreUnavailable } from '../../../kernel/errors.ts'
import { type BreachedPasswords, openBreachedPasswords } from './breached.ts'
import { type PasswordOwner, passwordRules } from './rules.ts'

const rules = passwordRules({ words: ['sallyport', 'acme'] })
const ada: PasswordOwner = {
  userName: 'ada.lovelace',
  profile: { displayName: 'Ada Lovelace', name: { familyName: 'Byron' }, emails: [{ value: 'countess@example.com' }] },
}
const check = (password: string, least?: number) => rules.check(password, ada, least)

test('8 characters are enough and long passphrases are taken; characters are code points after NFC (checklist 35)', async () => {
  expect(await check('q7#xLp2')).toBe('too_short')
  expect(await check('q7#xLp2v')).toBeUndefined()
  expect(await check('🙂🙃🙂🙃')).toBe('too_short')
  expect(await check('🙂🙃🙂🙃🙈🙉🙊🐵')).toBeUndefined()
  // Eight marks on one letter less than it seems: e and its accent are one character.
  expect(await check('e\u0301q7#xLp')).toBe('too_short')
  for (const length of [64, 65, 128, 1024])
    expect(await check('correct horse '.repeat(80).slice(0, length))).toBeUndefined()
  expect(await check('x'.repeat(1025))).toBe('too_long')
  expect(await check('ü'.repeat(513))).toBe('too_long')
})

test('no rule asks for kinds of characters, and spaces count (ASVS 6.2.5; checklist 35)', async () => {
  for (const password of [
    'plumkettleorbit',
    'PLUMKETTLEORBIT',
    '820194637205',
    'пароль-оленя',
    '        plum',
    '\u{1F9FF}'.repeat(8),
  ])
    expect(await check(password), password).toBeUndefined()
})

test('policy may ask for more characters, never for fewer (ASVS 6.2.1)', async () => {
  expect(await check('q7#xLp2vQ', 15)).toBe('too_short')
  expect(await check('q7#xLp2vQ-otter', 15)).toBeUndefined()
  expect(await check('q7#xLp2', 4)).toBe('too_short')
})

test('refuses every password of the common list that is long enough, in any case, and with a few signs around it (ASVS 6.2.4; checklist 35)', async () => {
  const common = dictionary['passwords-common'].filter((word) => [...word].length >= 8)
  expect(common.length).toBeGreaterThan(3000)
  for (const word of common) expect(await check(word)).toBeDefined()
  for (const password of ['PassWord', 'password2026!', '1Password1', 'ＰＡＳＳＷＯＲＤ', '!!dragon!!', 'football99'])
    expect(await check(password), password).toBe('common')
  expect(await check('dragon rides a football')).toBeUndefined()
})

test('refuses what is little more than a name, an address or the service (NIST SP 800-63B 3.1.1.2; checklist 35)', async () => {
  for (const password of [
    'ada.lovelace',
    'LovelaceAda1',
    'countess@example.com',
    'byronbyron!',
    'Sallyport2026',
    'acme-acme-99',
  ])
    expect(await check(password), password).toBe('about_you')
  expect(await check('lovelace wrote the first program')).toBeUndefined()
  expect(await rules.check('abcdefghqx', { userName: 'ab', profile: {} })).toBeUndefined()
})

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex').toUpperCase()

let folder: string
const opened: BreachedPasswords[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-breached-'))
})
afterAll(async () => {
  for (const file of opened) await file.close()
  await rm(folder, { recursive: true })
})
async function listOf(name: string, lines: readonly string[], ending = '\r\n', last = true): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, lines.join(ending) + (last ? ending : ''))
  return path
}
async function open(path: string): Promise<BreachedPasswords> {
  const file = await openBreachedPasswords(path)
  opened.push(file)
  return file
}

test.each([1, 2, 3, 1000])(
  'finds each of %i breached passwords in a sorted file, and no other (ASVS 6.2.12)',
  async (count) => {
    const words = Array.from({ length: count }, (_, index) => `breached-${index}`)
    const lines = words.map((word, index) => `${sha1(word)}:${10 ** (index % 8)}`).sort()
    for (const [name, ending, last] of [
      ['crlf', '\r\n', true],
      ['lf', '\n', true],
      ['cut', '\n', false],
    ] as const) {
      const file = await open(await listOf(`${count}-${name}.txt`, lines, ending, last))
      for (const word of words) expect(await file.has(word), word).toBe(true)
      for (let other = 0; other < 200; other++) expect(await file.has(`other-${other}`)).toBe(false)
    }
  },
)

test('a password from a breach may not be set; a file that fails lets none be set', async () => {
  const file = await openBreachedPasswords(await listOf('rules.txt', [`${sha1('q7#xLp2vQ-otter')}:3`]))
  const strict = passwordRules({ words: [], breached: file })
  expect(await strict.check('q7#xLp2vQ-otter', ada)).toBe('breached')
  expect(await strict.check('q7#xLp2vQ-beaver', ada)).toBeUndefined()
  await file.close()
  await expect(strict.check('q7#xLp2vQ-beaver', ada)).rejects.toBeInstanceOf(StoreUnavailable)
})

test('a file that is missing or of another form stops the start', async () => {
  await expect(openBreachedPasswords(join(folder, 'none.txt'))).rejects.toBeInstanceOf(ConfigError)
  await expect(openBreachedPasswords(await listOf('words.txt', ['password', 'dragon']))).rejects.toThrow(
    /ordered by hash/,
  )
})
