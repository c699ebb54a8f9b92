/** For tests: what holds of the markup and headers of each page, in whichever language and state. Checklist 10, 11, 12. */
import { expect } from 'vitest'
import { LANGUAGE_FACTS, type Language } from '../../web/language.ts'

export interface SentPage {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

const FORM = /<form\b[^>]*>.*?<\/form>/gs

/** `what`: names the page in a failure. */
export function expectSoundPage({ headers, body }: SentPage, language: Language, what: string): void {
  const policy = headers['content-security-policy'] ?? ''
  expect(headers, what).toMatchObject({
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'content-language': language,
  })
  for (const source of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", 'form-action '])
    expect(policy, what).toContain(source)
  expect(policy, what).not.toMatch(/unsafe|\*|data:/)
  const nonce = /style-src 'nonce-([^']{24})'/.exec(policy)?.[1]
  expect(nonce, what).toBeDefined()
  for (const [tag] of body.matchAll(/<(?:style|script)\b[^>]*>/g)) expect(tag, what).toContain(`nonce="${nonce}"`)
  // No script but files of ours, no handler, no style attribute: nothing that CSP would have to be loosened for.
  expect(body, what).not.toMatch(/<script(?![^>]* src="\/assets\/)/)
  expect(body, what).not.toMatch(/<script[^>]*>[^<]/)
  expect(body, what).not.toMatch(/<[^>]*\s(on[a-z]+|style)\s*=|javascript:/i)
  expect(body, what).not.toMatch(/(src|srcset)="(?!\/)/)
  expect(body, what).toContain(`<html lang="${language}" dir="${LANGUAGE_FACTS[language].direction}">`)
  // A form that changes something carries the token; the one of form_post leads to the client, which has its own.
  for (const form of body.match(FORM) ?? [])
    if (form.includes('method="post"') && form.includes('action="/'))
      expect(form, what).toMatch(/name="form_token" value="[^"]+"/)
}
