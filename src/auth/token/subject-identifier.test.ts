import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { ClientRecord } from '../../storage/records.ts'
import { clientRecord } from '../session/endpoint-fixture.ts'
import { subjectIdentifiers } from './subject-identifier.ts'

const root = randomBytes(32)
const subjectOf = subjectIdentifiers(() => Uint8Array.from(root))

const pairwise = (of: Partial<ClientRecord>) => clientRecord({ metadata: { subject_type: 'pairwise' }, ...of })
const atHost = (host: string, clientId = host) => pairwise({ clientId, redirectUris: [`https://${host}/cb`] })

test('a client of public subjects reads the identifier that all read (OIDC Core 8)', () => {
  expect(subjectOf(clientRecord(), 'sub-1')).toBe('sub-1')
  expect(subjectOf(clientRecord({ metadata: { subject_type: 'public' } }), 'sub-1')).toBe('sub-1')
})

test('pairwise: one for a sector, another for each (OIDC Core 8.1; checklist 33)', () => {
  const here = subjectOf(atHost('a.example'), 'sub-1')
  expect(here).not.toContain('sub-1')
  expect(subjectOf(atHost('a.example', 'another client'), 'sub-1')).toBe(here)
  expect(subjectOf(atHost('b.example'), 'sub-1')).not.toBe(here)
  expect(subjectOf(atHost('a.example'), 'sub-2')).not.toBe(here)
  expect(subjectOf(pairwise({ redirectUris: ['https://b.example/cb'], sectorIdentifier: 'a.example' }), 'sub-1')).toBe(
    here,
  )
})

test('a client without an address is a sector by itself', () => {
  const one = subjectOf(pairwise({ clientId: 'one', redirectUris: [] }), 'sub-1')
  expect(subjectOf(pairwise({ clientId: 'two', redirectUris: [] }), 'sub-1')).not.toBe(one)
})

test.each(['com.evil.app://a.example/cb', 'http://a.example/cb', 'http://127.0.0.1/cb', 'app:/cb'])(
  '%s proves no host: its client is a sector by itself (OIDC Core 8.1; checklist 33)',
  (redirectUri) => {
    const by = (clientId: string) => subjectOf(pairwise({ clientId, redirectUris: [redirectUri] }), 'sub-1')
    expect(by('one')).not.toBe(by('two'))
    expect(by('one')).not.toBe(subjectOf(atHost('a.example'), 'sub-1'))
  },
)

test('another instance derives others', () => {
  const elsewhere = subjectIdentifiers(() => new Uint8Array(randomBytes(32)))
  expect(elsewhere(atHost('a.example'), 'sub-1')).not.toBe(subjectOf(atHost('a.example'), 'sub-1'))
})
