import { expect, test, vi } from 'vitest'
import { ConfigError } from '../kernel/errors.ts'
import { addressReader, originAt } from './origin.ts'

test('without trusted proxies the socket decides, whatever a header claims (checklist 50)', () => {
  const read = addressReader([])
  expect(read('192.0.2.1', '10.0.0.1')).toBe('192.0.2.1')
  expect(read('::ffff:192.0.2.1', undefined)).toBe('192.0.2.1')
  expect(read('fe80::1%eth0', undefined)).toBe('fe80::1')
})

test.each([
  ['an untrusted peer', '192.0.2.1', '198.51.100.7', '192.0.2.1'],
  ['one proxy', '10.0.0.1', '198.51.100.7', '198.51.100.7'],
  ['what the caller wrote before the proxy', '10.0.0.1', '1.1.1.1, 198.51.100.7', '198.51.100.7'],
  ['two proxies', '10.0.0.1', '1.1.1.1, 198.51.100.7, 10.2.3.4', '198.51.100.7'],
  ['an IPv6 proxy', '2001:db8::1', '198.51.100.7', '198.51.100.7'],
  ['a mapped address', '10.0.0.1', '::FFFF:198.51.100.7', '198.51.100.7'],
  ['no header', '10.0.0.1', undefined, '10.0.0.1'],
  ['an entry that is no address', '10.0.0.1', '198.51.100.7, nonsense', '10.0.0.1'],
  ['only proxies', '10.0.0.1', '10.9.9.9', '10.9.9.9'],
])('through trusted proxies, from the right: %s', (_what, socket, header, address) => {
  expect(addressReader(['10.0.0.0/8', '2001:db8::/32'])(socket, header)).toBe(address)
})

test.each([
  ['no proxy is named', [], ['192.0.2.1', '192.0.2.2'], 1],
  ['another is', ['10.0.0.0/8'], ['10.0.0.1', '192.0.2.1', '192.0.2.2'], 1],
  ['it is named', ['10.0.0.0/8'], ['10.0.0.1'], 0],
] as const)('one word about a header that nobody trusts, where %s', (_what, networks, sockets, count) => {
  const unnamed = vi.fn()
  const read = addressReader(networks, unnamed)
  for (const socket of sockets) read(socket, undefined)
  expect(unnamed).not.toHaveBeenCalled()
  for (const socket of sockets) read(socket, '198.51.100.7')
  expect(unnamed).toHaveBeenCalledTimes(count)
})

test.each(['10.0.0.0/33', 'proxy.example', '10.0.0.0/x', '::/129'])('refuses to start with the proxy %s', (network) => {
  expect(() => addressReader([network])).toThrow(ConfigError)
})

test('time is a fact in UTC: epoch, minute of the day, ISO weekday', () => {
  const at = (text: string) => originAt('::1', { nowMs: () => Date.parse(text) }).time
  expect(at('1970-01-01T00:00:00Z')).toEqual({ epoch_seconds: 0, minute_of_day: 0, weekday: 4 })
  expect(at('2026-11-22T23:59:59.999Z')).toMatchObject({ minute_of_day: 1439, weekday: 7 })
  expect(at('2026-11-23T00:00:00Z')).toMatchObject({ minute_of_day: 0, weekday: 1 })
})
