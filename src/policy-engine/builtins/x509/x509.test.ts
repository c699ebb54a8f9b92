import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isObject, type Value } from '../../wasm/value.ts'
import type { Random } from '../encoding/random.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { X509 } from './x509.ts'

const call = (name: string, ...args: Value[]): Value | undefined => X509[`crypto.${name}`]?.(testContext(), ...args)

/** Certificates that OPA's own cases hold, as DER. */
const RECORDED = readFileSync(new URL('../../../../test/vectors/opa-builtins.ndjson', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.includes('"crypto.x509.parse_certificates"'))
  .map((line) => JSON.parse((JSON.parse(line) as { args: string[] }).args[0] ?? '""') as string)
  .map((text) => call('x509.parse_certificates', text.length > 200 ? text : ''))
  .flatMap((list) => (Array.isArray(list) ? list : []))
  .map((certificate) => Buffer.from(String(isObject(certificate) ? certificate.get('Raw') : ''), 'base64'))

const KEYS: readonly KeyObject[] = [
  generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey,
  ...['P-224', 'P-256', 'P-384', 'P-521', 'secp256k1'].map(
    (namedCurve) => generateKeyPairSync('ec', { namedCurve }).privateKey,
  ),
  generateKeyPairSync('ed25519').privateKey,
  generateKeyPairSync('x25519').privateKey,
  generateKeyPairSync('ed448').privateKey,
]

describe('crypto.x509.*, crypto.parse_private_keys', () => {
  it('reads no bytes behind the end of an element (X.690 8.1.3)', () => {
    expect(() =>
      call('x509.parse_certificates', Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).toString('base64')),
    ).toThrow('malformed')
  })

  it('refuses an RSA key whose numbers do not belong together', () => {
    const key = (KEYS[0] as KeyObject).export({ format: 'der', type: 'pkcs1' })
    key[200] = (key[200] ?? 0) ^ 1
    const pem = `-----BEGIN RSA PRIVATE KEY-----\n${key.toString('base64')}\n-----END RSA PRIVATE KEY-----\n`
    expect(() => call('parse_private_keys', pem)).toThrow()
  })

  it('refuses a key that is not the certificate’s', () => {
    const certificate = (RECORDED[0] as Buffer).toString('base64')
    expect(() =>
      call('x509.parse_keypair', certificate, String(KEYS[0]?.export({ format: 'pem', type: 'pkcs8' }))),
    ).toThrow('does not match')
  })

  compareWithOracle({ family: 'certificates', make: makeCertificates, looseWords: () => true })
  compareWithOracle({ family: 'key pairs', make: makePair, count: 2000, looseWords: () => true })
  compareWithOracle({ family: 'private keys', make: makeKeys, looseWords: () => true })
})

function makeCertificates(random: Random): Call {
  const name = 'crypto.x509.parse_certificates'
  if (random.chance(40)) return { name, args: [random.pick<Value>(1, '', 'x', 'AAAA')] }
  const one = (): Buffer =>
    random.chance(3) ? (RECORDED[random.below(RECORDED.length)] as Buffer) : makeCertificate(random)
  const bytes = random.chance(4) ? Buffer.concat([one(), one()]) : one()
  const given = random.chance(3) ? flipped(random, bytes) : bytes
  const base64 = given.toString('base64')
  const pem = `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----${random.pick('\n', '', '\nrest')}`
  return { name, args: [random.pick(base64, base64, pem, Buffer.from(pem).toString('base64'))] }
}

function flipped(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  const at = random.below(copy.length)
  copy[at] = random.pick((copy[at] ?? 0) ^ (1 << random.below(8)), 0, 0x80, 0xff, 0x30)
  return random.chance(8) ? copy.subarray(0, at) : copy
}

function tlv(tag: number, ...content: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(content.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)))
  const length =
    body.length < 128
      ? [body.length]
      : body.length < 256
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}
const sequence = (...content: readonly Buffer[]): Buffer => tlv(0x30, ...content)
const bytes = (...values: readonly number[]): Buffer => Buffer.from(values)
const bool = (value: boolean): Buffer => tlv(1, bytes(value ? 0xff : 0))
const int = (value: number): Buffer => tlv(2, bytes(value))

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const groups = [first * 40 + second, ...rest].map((number) => {
    const septets = [number & 127]
    for (let left = number >>> 7; left > 0; left >>>= 7) septets.unshift((left & 127) | 128)
    return bytes(...septets)
  })
  return tlv(6, ...groups)
}

function makeName(random: Random): Buffer {
  const attribute = (): Buffer => {
    const type = oid(
      random.pick('2.5.4.3', '2.5.4.6', '2.5.4.10', '2.5.4.11', '2.5.4.5', '2.5.4.17', '1.2.3', '2.5.4.42'),
    )
    const text = random.text('ab c-é*@', 6)
    const utf16 = Buffer.from(text, 'utf16le').swap16()
    const value = random.pick(
      tlv(0x0c, Buffer.from(text)),
      tlv(0x13, random.text("aZ0 '()+,-./:=?*&", 6)),
      tlv(0x16, 'x@y'),
      tlv(0x1e, utf16),
      tlv(0x14, text),
      tlv(0x12, '1 2'),
    )
    return sequence(type, random.chance(50) ? tlv(random.pick(0x13, 0x16, 0x12, 0x1c), text) : value)
  }
  return sequence(...random.list(4, () => tlv(0x31, ...random.list(2, attribute))))
}

function makeTime(random: Random): Buffer {
  const pad = (value: number): string => String(value).padStart(2, '0')
  const rest = `${pad(random.between(1, 12))}${pad(random.between(1, random.chance(12) ? 31 : 28))}${pad(random.below(24))}${pad(random.below(60))}${pad(random.below(60))}`
  const zone = random.chance(30) ? random.pick('', '+0100', '-0000', 'z') : 'Z'
  return random.chance(3)
    ? tlv(0x18, random.pick('2050', '1949', '2100', '0001') + rest + zone)
    : tlv(0x17, pad(random.below(100)) + rest + zone)
}

function makeExtension(random: Random): Buffer {
  const text = (): string =>
    random.pick(
      'example.com',
      '.a.b',
      'a..b',
      'user@x.org',
      'http://h/p?q#f',
      'urn:x:y',
      'x y',
      'é',
      '',
      '1.2.3.4',
      'a.',
    )
  const name = (): Buffer =>
    tlv(random.pick(0x81, 0x82, 0x86, 0x87, 0x88), random.chance(3) ? bytes(10, 0, 0, 1) : text())
  const policy = (): Buffer => oid(random.pick('1.2.3', '2.23.140.1.2.1', '2.5.29.32.0', '1.3.6.1.4.1.44947.1.1.1'))
  const usage = (): Buffer =>
    oid(random.pick('1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.9', '2.5.29.37.0', '1.2.3', '1.3.6.1.4.1.311.10.3.3'))
  const range = (): Buffer =>
    random.pick(
      tlv(0x87, bytes(10, 0, 0, 0, 255, random.pick(0, 240, 7), 0, 0)),
      tlv(0x82, text()),
      tlv(0x81, text()),
      tlv(0x86, text()),
      tlv(0x83),
    )
  const subtrees = (tag: number): Buffer => tlv(tag, ...random.list(2, () => sequence(range())))
  const [id, value] = random.pick<[string, Buffer]>(
    ['2.5.29.15', tlv(3, bytes(random.pick(0, 4, 7), random.pick(0x80, 0xf0)))],
    [
      '2.5.29.19',
      sequence(...(random.chance(2) ? [bool(true)] : []), ...(random.chance(2) ? [int(random.below(4))] : [])),
    ],
    ['2.5.29.17', sequence(...random.list(3, name))],
    [
      '2.5.29.17',
      sequence(
        tlv(0x82, 'a.org'),
        tlv(0x86, random.pick('https://u:p@h:8/a%20b?#x', 'spiffe://td/w', 'urn:a?b')),
        tlv(0x87, bytes(...Array.from({ length: 16 }, () => random.pick(0, 1, 255)))),
      ),
    ],
    [
      '2.5.29.30',
      sequence(...(random.chance(2) ? [subtrees(0xa0)] : []), ...(random.chance(2) ? [subtrees(0xa1)] : [])),
    ],
    [
      '2.5.29.31',
      sequence(
        ...random.list(2, () =>
          sequence(...(random.chance(4) ? [] : [tlv(0xa0, tlv(0xa0, tlv(0x86, 'http://crl/é')))])),
        ),
      ),
    ],
    ['2.5.29.32', sequence(...random.list(2, () => sequence(policy())))],
    ['2.5.29.33', sequence(...random.list(2, () => sequence(policy(), policy())))],
    ['2.5.29.35', sequence(...(random.chance(4) ? [] : [tlv(0x80, 'kid')]))],
    [
      '2.5.29.36',
      sequence(
        ...(random.chance(2) ? [tlv(0x80, bytes(random.below(3)))] : []),
        ...(random.chance(2) ? [tlv(0x81, bytes(random.below(3)))] : []),
      ),
    ],
    ['2.5.29.37', sequence(...random.list(3, usage))],
    ['2.5.29.14', tlv(4, 'key')],
    ['2.5.29.54', int(random.below(3))],
    [
      '1.3.6.1.5.5.7.1.1',
      sequence(
        ...random.list(3, () =>
          sequence(oid(`1.3.6.1.5.5.7.48.${random.between(1, 3)}`), tlv(random.pick(0x86, 0x86, 0x82), 'http://o')),
        ),
      ),
    ],
    ['1.2.3.4', Buffer.from('any')],
  )
  const critical = random.chance(4) ? [bool(true)] : []
  return sequence(
    oid(id),
    ...critical,
    tlv(4, random.chance(40) ? flipped(random, Buffer.concat([value, bytes(0)])) : value),
  )
}

function makeCertificate(random: Random, key = KEYS[random.below(KEYS.length)] as KeyObject): Buffer {
  const algorithm = random.pick(
    sequence(oid('1.2.840.113549.1.1.11'), bytes(5, 0)),
    sequence(oid(random.pick('1.3.101.112', '1.2.840.10045.4.3.2', '1.2.3'))),
    sequence(oid('1.3.101.112'), bytes(5, 0)),
    pssAlgorithm(random),
  )
  const spki = random.chance(9) ? sequence(sequence(oid('1.2.3')), tlv(3, bytes(0, 1))) : publicDer(key)
  const version = random.chance(8) ? [] : [tlv(0xa0, int(random.pick(2, 2, 2, 2, 2, 2, 2, 1, 3)))]
  const extensions = random.chance(6) ? [] : [tlv(0xa3, sequence(...random.list(3, () => makeExtension(random))))]
  const serial = tlv(2, random.pick(bytes(1), bytes(0, 200), bytes(200), bytes(0, 1)))
  const tbs = sequence(
    ...version,
    random.chance(3) ? serial : int(7),
    algorithm,
    makeName(random),
    sequence(makeTime(random), makeTime(random)),
    makeName(random),
    spki,
    ...extensions,
  )
  return sequence(
    tbs,
    random.chance(20) ? sequence(oid('1.2.3')) : algorithm,
    tlv(3, bytes(random.chance(9) ? 4 : 0, 0x10, 0xf0)),
  )
}

function pssAlgorithm(random: Random): Buffer {
  const hash = (): Buffer =>
    sequence(oid(`2.16.840.1.101.3.4.2.${random.pick(1, 1, 1, 2)}`), ...(random.chance(2) ? [bytes(5, 0)] : []))
  return sequence(
    oid('1.2.840.113549.1.1.10'),
    sequence(
      tlv(0xa0, hash()),
      tlv(0xa1, sequence(oid('1.2.840.113549.1.1.8'), hash())),
      tlv(0xa2, int(random.pick(32, 48))),
    ),
  )
}

const publicDer = (key: KeyObject): Buffer => createPublicKey(key).export({ format: 'der', type: 'spki' })

function makeKeys(random: Random): Call {
  const name = random.pick(
    'crypto.parse_private_keys',
    'crypto.parse_private_keys',
    'crypto.x509.parse_rsa_private_key',
  )
  if (random.chance(30)) return { name, args: [random.pick<Value>(1, '', 'x', 'AAAA', '-----BEGIN')] }
  const one = (): string => {
    const key = KEYS[random.below(KEYS.length)] as KeyObject
    const own = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : key.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs8'
    const text = String(key.export({ format: 'pem', type: random.chance(2) ? own : ('pkcs8' as never) }))
    return random.chance(20) ? text.replaceAll('PRIVATE', 'PUBLIC') : text
  }
  const text = [...random.list(2, () => random.pick('junk\n', one())), one()].join('')
  const given = random.chance(12) ? text.replace(/[A-Za-z0-9+/]{3}\n/, '') : text
  return { name, args: [random.chance(4) ? Buffer.from(given).toString('base64') : given] }
}

function makePair(random: Random): Call {
  const key = KEYS[random.pick(0, 0, 1, 2, 2, 3, 4, 6, 6, 6, random.below(KEYS.length))] as KeyObject
  const other = random.chance(20) ? (KEYS[random.below(KEYS.length)] as KeyObject) : key
  const certificate = makeCertificate(random, key).toString('base64')
  const pem = `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`
  const own = other.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs8'
  const keyPem = String(other.export({ format: 'pem', type: random.chance(2) ? (own as never) : 'pkcs8' }))
  const keyDer = other.export({ format: 'der', type: 'pkcs8' }).toString('base64')
  return {
    name: 'crypto.x509.parse_keypair',
    args: [
      random.chance(40) ? 1 : random.pick(pem, `${pem}${pem}`, certificate, Buffer.from(pem).toString('base64')),
      random.pick(keyPem, `${pem}${keyPem}`, keyDer, Buffer.from(keyPem).toString('base64')),
    ],
  }
}
