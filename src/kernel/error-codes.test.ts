/** docs/errors.md tells exactly what the table says. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { type ErrorCode, OAUTH_ERRORS, PROBLEMS, SCIM_ERRORS } from './error-codes.ts'

const page = readFileSync(resolve(import.meta.dirname, '../../docs/errors.md'), 'utf8')

const rowsOf = (heading: string) => {
  const section = page.split(/^## /m).find((part) => part.startsWith(heading)) ?? ''
  return section.split('\n').filter((line) => /^\| `/.test(line))
}

test.each([
  ['OAuth and OpenID Connect', OAUTH_ERRORS],
  ['SCIM', SCIM_ERRORS],
  ['Admin and policy API', PROBLEMS],
] as [string, Record<string, ErrorCode>][])('docs/errors.md equals the table of codes: %s', (heading, codes) => {
  expect(rowsOf(heading)).toEqual(
    Object.entries(codes).map(
      ([code, { status, source, description }]) => `| \`${code}\` | ${status} | ${source} | ${description} |`,
    ),
  )
})

test('descriptions hold no character that a header or quoted string could not carry (RFC 6749 5.2)', () => {
  for (const { description } of Object.values({ ...OAUTH_ERRORS, ...SCIM_ERRORS, ...PROBLEMS }))
    expect(description).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/)
})
