import { expect, test } from 'vitest'
import { offeredWith } from '../../client/metadata/offered.ts'
import { parseRegistration } from './parse-registration.ts'

const algOf = (body: object, signing: readonly string[]) =>
  parseRegistration({ redirect_uris: ['https://app.example/cb'], ...body }, offeredWith(signing), 'c').metadata
    .id_token_signed_response_alg

test('who names no algorithm gets ID tokens by RS256, where there is such a key (OIDC Registration 2)', () => {
  expect(algOf({}, ['ES256', 'RS256'])).toBe('RS256')
  expect(algOf({ id_token_signed_response_alg: 'ES256' }, ['ES256', 'RS256'])).toBe('ES256')
  expect(algOf({}, ['ES256'])).toBeUndefined()
})
