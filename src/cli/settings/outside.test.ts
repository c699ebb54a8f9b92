import { expect, it } from 'vitest'
import { loadConfig } from '../../config/load.ts'
import { outsideSettings } from './outside.ts'

const config = (...settings: string[]) => loadConfig({ env: {}, settings })

it('policies reach nothing and know of no file or variable unless configured', () => {
  expect(outsideSettings(config(), { HOME: '/root' })).toMatchObject({
    allow: [],
    unlisted: 'none',
    files: [],
    variables: {},
  })
})

it('a listed variable goes along, no other does, and one that is not set stops the start', () => {
  const listing = config('egress.variables=CLIENT_KEY')
  expect(outsideSettings(listing, { CLIENT_KEY: 'pem', OTHER: 'x' }).variables).toEqual({ CLIENT_KEY: 'pem' })
  expect(() => outsideSettings(listing, {})).toThrow('egress.variables: CLIENT_KEY is not set')
})

it('an entry of egress.allow that names no host, address or range stops the start', () => {
  expect(() => config('egress.allow=a.example,http://b')).toThrow(/egress\.allow\[?\.?1.*must be a host/)
})
