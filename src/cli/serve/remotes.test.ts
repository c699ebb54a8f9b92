/** What is wrong with `policy.remotes` stops the start, and says what to mend. */
import { describe, expect, it } from 'vitest'
import { remotePlaces } from './remotes.ts'

type Given = Parameters<typeof remotePlaces>[0]
const remote = (over: object = {}) => ({
  name: 'central',
  service: 'opa',
  decisions: ['token'],
  path: 'authz/{decision}/decision',
  deadline_ms: 500,
  retries: 2,
  ...over,
})
const config = (...remotes: object[]) =>
  ({
    services: [{ name: 'opa', url: 'https://opa.example', response_header_timeout_seconds: 10 }],
    policy: { remotes },
  }) as unknown as Given

describe('policy.remotes', () => {
  it('crosses to other threads: plain data only', () => {
    const places = remotePlaces(config(remote()))
    expect(structuredClone(places)).toEqual(places)
    expect(places).toMatchObject([{ name: 'central', decisions: ['token'], service: { url: 'https://opa.example/' } }])
  })

  it.each([
    ['a service that is not there', [remote({ service: 'nowhere' })], /central: there is no service nowhere/],
    ['a decision that is none', [remote({ decisions: ['tokens'] })], /tokens is no decision; there are .*token/],
    ['two of one name', [remote(), remote({ decisions: ['userinfo'] })], /two are called central/],
    [
      'two that answer one decision',
      [remote(), remote({ name: 'other' })],
      /token is answered by central and by other/,
    ],
  ])('refuses %s', (_title, remotes, message) => {
    expect(() => remotePlaces(config(...remotes))).toThrow(message)
  })
})
