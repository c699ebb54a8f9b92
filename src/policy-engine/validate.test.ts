/** What the operator reads of a result that policy got wrong. */
import { describe, expect, it } from 'vitest'
import { RESERVED_CLAIMS } from './contract/facts.ts'
import { CONTRACT } from './validate.ts'

const obligations = {
  scopes: [],
  audience: ['urn:example:api'],
  access_token_ttl_seconds: 300,
  id_token_ttl_seconds: 300,
  refresh_token: false,
  refresh_token_ttl_seconds: 300,
  refresh_grace_seconds: 0,
  access_token_format: 'jwt',
  sender_constraint: 'none',
  permissions: [],
  claims: {},
  id_token_claims: {},
}

describe('a result out of contract', () => {
  it.each([
    ['undefined', undefined, 'allow must be true or false'],
    ['a bare boolean', true, 'allow must be true or false'],
    [
      'a text for a number',
      { access_token_ttl_seconds: '300' },
      'obligations.access_token_ttl_seconds must be integer',
    ],
    [
      'a lifetime that is too long',
      { access_token_ttl_seconds: 999999999 },
      /^obligations\.access_token_ttl_seconds must be <= /,
    ],
    ['an obligation that nobody knows', { canary: 1 }, 'obligations has a field that the contract does not name'],
    ['a reason that nobody knows', { allow: false, reasons: ['canary'] }, /^reasons must be among client_inactive, /],
    [
      'an allow without obligations',
      { allow: true, reasons: [] },
      /^the result must have required properties obligations/,
    ],
  ])('is told by its place, never by its value: %s', (_title, value, told) => {
    const whole =
      typeof value === 'object' && !('allow' in value)
        ? { allow: true, reasons: [], obligations: { ...obligations, ...value } }
        : value
    expect(CONTRACT.token.isResult(whole)).toBe(false)
    const fault = CONTRACT.token.resultFault(whole)
    expect(fault).toMatch(told)
    expect(fault).not.toContain('canary')
  })

  it('is told for nothing that holds', () => {
    expect(CONTRACT.token.isResult({ allow: true, reasons: [], obligations })).toBe(true)
  })

  it.each(RESERVED_CLAIMS)('is one that sets %s, which is the issuer’s alone (checklist 50)', (name) => {
    const added = { [name]: 'x' }
    for (const place of ['claims', 'id_token_claims']) {
      const whole = { allow: true, reasons: [], obligations: { ...obligations, [place]: added } }
      expect([place, CONTRACT.token.isResult(whole)]).toEqual([place, false])
    }
    const answer = {
      allow: true,
      reasons: [],
      obligations: { permissions: [], scopes: [], audience: [], claims: added },
    }
    expect(CONTRACT.introspect.isResult(answer)).toBe(false)
    const other = { ...answer, obligations: { ...answer.obligations, claims: { [`${name}_`]: 'x' } } }
    expect(CONTRACT.introspect.isResult(other)).toBe(true)
  })
})
