/** Which network an address belongs to, in each of its spellings (RFC 6890). */
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { kindOf, plainAddress } from './address.ts'

const KINDS: Readonly<Record<string, readonly string[]>> = {
  public: ['8.8.8.8', '1.1.1.1', '172.15.255.255', '172.32.0.1', '2606:4700:4700::1111', '::ffff:8.8.8.8'],
  loopback: ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::7f00:1'],
  'link-local': ['169.254.1.1', 'fe80::1', 'fe80::1%eth0', 'febf::1', '::ffff:169.254.1.1'],
  metadata: [
    '169.254.169.254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    'fd00:ec2::254',
    '100.100.100.200',
    '168.63.129.16',
  ],
  private: [
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    'fc00::1',
    'fdff::1',
    'fec0::1',
    '198.18.0.1',
  ],
  multicast: ['224.0.0.1', '239.255.255.250', 'ff02::1'],
  reserved: [
    '0.0.0.0',
    '0.1.2.3',
    '255.255.255.255',
    '240.0.0.1',
    '192.0.2.1',
    '::',
    '2001:db8::1',
    '2001::1',
    '100::1',
    '4000::1',
    // Its network decides where in there the IPv4 address stands (RFC 8215 3).
    '64:ff9b:1::8.8.8.8',
    '64:ff9b:1:808:8:800::',
  ],
}

describe('an address', () => {
  it.each(Object.entries(KINDS).flatMap(([kind, list]) => list.map((address) => [address, kind])))(
    '%s is %s (IANA Special-Purpose Address Registries)',
    (address, kind) => {
      expect(kindOf(plainAddress(address) ?? '')).toBe(kind)
    },
  )

  it.each([
    ['64:ff9b::127.0.0.1', '127.0.0.1'],
    ['2002:7f00:1::', '127.0.0.1'],
    ['::ffff:0:127.0.0.1', '127.0.0.1'],
    ['::127.0.0.1', '127.0.0.1'],
  ])('%s is judged as the IPv4 address in it, %s (RFC 6052, 3056, 4291)', (address, plain) => {
    expect(plainAddress(address)).toBe(plain)
  })

  it('is none in other spellings', () => {
    for (const text of ['2130706433', '0x7f.1', '127.1', '0177.0.0.1', '127.0.0.1.', 'localhost', '']) {
      expect(plainAddress(text)).toBeUndefined()
    }
  })

  it('inside an IPv6 address is judged as it is outside, whatever the spelling', () => {
    for (let count = 0; count < 5000; count++) {
      const bytes = [...randomBytes(4)]
      const address = bytes.join('.')
      const [a = 0, b = 0, c = 0, d = 0] = bytes
      const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
      const kind = kindOf(address)
      for (const spelling of [
        `::ffff:${address}`,
        `::ffff:${hex}`,
        `0:0:0:0:0:FFFF:${address}`,
        `64:ff9b::${hex}`,
        `2002:${hex}::1`,
      ]) {
        expect(kindOf(plainAddress(spelling) ?? ''), spelling).toBe(kind)
      }
    }
  })
})
