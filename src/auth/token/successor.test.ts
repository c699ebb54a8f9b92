import { expect, test } from 'vitest'
import { openSuccessor, sealSuccessor } from './successor.ts'

test('only the spent token itself opens its successor (checklist 21)', () => {
  const sealed = sealSuccessor('grant.spent', 'grant.next')
  expect(sealed).not.toContain('next')
  expect(openSuccessor('grant.spent', sealed)).toBe('grant.next')
  expect(openSuccessor('grant.other', sealed)).toBeUndefined()
})

test('what was changed, or cut, opens nothing', () => {
  const sealed = sealSuccessor('grant.spent', 'grant.next')
  for (let at = 0; at < sealed.length; at++) {
    const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`
    // The last character of base64url may carry bits that are not read.
    if (Buffer.from(changed, 'base64url').equals(Buffer.from(sealed, 'base64url'))) continue
    expect(openSuccessor('grant.spent', changed), `changed at ${at}`).toBeUndefined()
    expect(openSuccessor('grant.spent', sealed.slice(0, at)), `cut at ${at}`).toBeUndefined()
  }
})
