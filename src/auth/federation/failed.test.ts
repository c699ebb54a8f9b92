/** What a person reads where policy lets nobody in from a provider: what helps, where something does. */
import { expect, test } from 'vitest'
import { failedReply, refusalOf } from './failed.ts'
import type { ProviderOptions } from './provider/options.ts'

const provider = { displayName: 'Google' } as ProviderOptions

test.each([
  [['too_risky'], 403, 'Try again later'],
  [['account_unverified'], 403, 'Confirm your e-mail address first'],
  [['email_not_verified', 'too_risky'], 403, 'cannot be used here'],
  [['email_not_verified'], 403, 'cannot be used here'],
] as const)('%s', (reasons, status, text) => {
  const code = refusalOf({ allow: false, reasons, decisionId: 'd', revision: 'r' })
  const reply = failedReply(provider, code)
  expect([reply.status, String(reply.body)]).toEqual([status, expect.stringContaining(text)])
})
