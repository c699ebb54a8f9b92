/**
 * What people read of an error is in their language: on routes that answer with pages no error carries a sentence of its own, but one of
 * TOLD (src/kernel/told.ts), which web/words/errors.ts has in every language. What developers read of an authorization or a logout request
 * stays English.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { routes } from '../src/auth/routes.ts'
import type { RouteDeps } from '../src/auth/rows/row.ts'
import { TOLD, toldAs } from '../src/kernel/told.ts'
import { LANGUAGES } from '../web/language.ts'
import { ERRORS } from '../web/words/errors.ts'

const AUTH = resolve(import.meta.dirname, '../src/auth')

/** Nothing is called here: what switches rows on is all that the table reads. */
const SWITCHED_ON: unknown = {
  issuer: 'https://auth.example',
  registration: {},
  signals: { streams: [] },
  providers: { all: [{}] },
}

/** What pages share, beside the folders of their own. */
const SHARED = ['sign-in', 'session', 'user']

/** Of the requests that applications send people with. */
const isDevelopers = (file: string): boolean => dirname(file) === 'oauth' || file === 'oidc/logout/logout-request.ts'

/** Capital, words, full stop: other strings are names, codes and markup. */
const SENTENCE = /(['"`])([A-Z](?:(?!\1).)* (?:(?!\1).)*\.)\1/g

const withoutComments = (source: string): string => source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')

const sentencesIn = (source: string): string[] =>
  [...withoutComments(source).matchAll(SENTENCE)].map(([, , text = '']) => text)

function filesOfPages(): string[] {
  const table = routes(SWITCHED_ON as RouteDeps)
  const folders = new Set([
    ...table.filter(({ errors }) => errors === 'page').map(({ file }) => dirname(file)),
    ...SHARED,
  ])
  return [...folders].flatMap((folder) =>
    readdirSync(join(AUTH, folder))
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => join(folder, name)),
  )
}

test('what an error on a page says to a person is one of TOLD', () => {
  const files = filesOfPages()
  for (const folder of ['mfa', 'federation', 'account', 'login', 'mail-links', 'oauth/device', 'oidc/logout'])
    expect(files.map((file) => dirname(file))).toContain(folder)
  const untold = files
    .filter((file) => !isDevelopers(file))
    .flatMap((file) => sentencesIn(readFileSync(join(AUTH, file), 'utf8')).map((text) => `${file}: ${text}`))
  expect(untold).toEqual([])
})

test('a sentence is found in an error, in a table of texts and in a template; names, codes and comments are none', () => {
  const source = `/** It is a comment. */
    // Nor is 'This one here.' found.
    throw new OAuthError('access_denied', { detail: 'Somebody else did it.' })
    const DETAILS = { a: "Don't do this." , b: \`At most ten are taken.\` }
    const path = './session.ts', name = 'Ada', code = 'access_denied'`
  expect(sentencesIn(source)).toEqual(['Somebody else did it.', "Don't do this.", 'At most ten are taken.'])
})

test('every text is found by its words, and is another in every other language', () => {
  for (const [name, text] of Object.entries(TOLD)) {
    const told = name as keyof typeof TOLD
    expect(toldAs(text)).toBe(told)
    expect(new Set(LANGUAGES.map((language) => ERRORS[language].told[told])).size, told).toBe(LANGUAGES.length)
  }
})
