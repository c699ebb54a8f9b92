/** crypto.x509.* of one certificate and its keys, and crypto.parse_private_keys. Chains are not verified. */
import { createPublicKey } from 'node:crypto'
import { RegoObject, type Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError, type BuiltinTable } from '../builtin.ts'
import { decodeBase64 } from '../encoding/base64.ts'
import { asString } from '../operands.ts'
import { type Certificate, certificateValue, readCertificates } from './certificate.ts'
import { readAllPem } from './pem.ts'
import { privateJwkValue, privateKeyValue, readPrivateKey, readPrivateKeys } from './private-keys.ts'

export const X509: BuiltinTable = {
  'crypto.x509.parse_certificates': (context, text) => parseCertificates(context, asString(1, text)),
  'crypto.x509.parse_keypair': (context, certificate, key) =>
    parseKeyPair(context, asString(1, certificate), asString(1, key)),
  'crypto.x509.parse_rsa_private_key': (context, text) => parseJwk(context, asString(1, text)),
  'crypto.parse_private_keys': (context, text) => parsePrivateKeys(context, asString(1, text)),
}

/** Reading a key takes some 100 microseconds. */
const KEY_UNITS = 20_000

function pay(context: BuiltinContext, text: string): void {
  context.charge(KEY_UNITS + text.length * 20)
}

const BEGIN = '-----BEGIN'

/** PEM, base64 of PEM, or base64 of DER. */
function parseCertificates(context: BuiltinContext, text: string): Value {
  pay(context, text)
  const bytes = text.startsWith(BEGIN) ? Buffer.from(text) : decodeBase64(text)
  const isPem = bytes.subarray(0, BEGIN.length).toString('latin1') === BEGIN
  const der = isPem ? pemCertificates(bytes.toString('latin1')) : bytes
  return readCertificates(der).map(certificateValue)
}

function pemCertificates(text: string): Buffer {
  const blocks = readAllPem(text)
  const other = blocks.find(({ type }) => type !== 'CERTIFICATE')
  if (other !== undefined) throw new BuiltinError(`PEM block type is '${other.type}', expected CERTIFICATE`)
  return Buffer.concat(blocks.map(({ bytes }) => bytes))
}

function parseJwk(context: BuiltinContext, text: string): Value {
  if (text === '') throw new BuiltinError('input PEM data was empty')
  pay(context, text)
  const [key] = readPrivateKeys(text.startsWith(BEGIN) ? text : decodeBase64(text).toString('latin1'))
  return key === undefined ? null : privateJwkValue(key)
}

function parsePrivateKeys(context: BuiltinContext, text: string): Value {
  if (text === '') return null
  pay(context, text)
  return readPrivateKeys(text).map(privateKeyValue)
}

/** As Go's tls.X509KeyPair: the key must be the first certificate's. */
function parseKeyPair(context: BuiltinContext, certificateText: string, keyText: string): Value {
  pay(context, certificateText + keyText)
  const chain = readAllPem(asPem(certificateText, 'CERTIFICATE')).filter(({ type }) => type === 'CERTIFICATE')
  const [leaf] = chain.slice(0, 1).flatMap(({ bytes }) => readCertificates(bytes))
  if (leaf === undefined) throw new BuiltinError('tls: failed to find any PEM data in certificate input')
  const block = readAllPem(asPem(keyText, 'PRIVATE KEY')).find(({ type }) => / ?PRIVATE KEY$/.test(type))
  if (block === undefined)
    throw new BuiltinError('tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input')
  const key = anyPrivateKey(block.bytes)
  if (key.asymmetricKeyType === 'x25519') throw new BuiltinError('tls: unknown public key algorithm')
  const own = createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64')
  if (own !== leaf.fields.RawSubjectPublicKeyInfo) throw new BuiltinError('tls: private key does not match public key')
  return RegoObject.fromRecord({
    Certificate: chain.map(({ bytes }) => bytes.toString('base64')),
    PrivateKey: privateKeyValue(key),
    SupportedSignatureAlgorithms: null,
    OCSPStaple: null,
    SignedCertificateTimestamps: null,
    Leaf: leafValue(leaf),
  })
}

/** As a certificate of its own, without the texts of its URIs. */
function leafValue(leaf: Certificate): Value {
  return new RegoObject([...certificateValue(leaf)].filter(([name]) => name !== 'URIStrings'))
}

function asPem(text: string, type: string): string {
  if (text.startsWith(`${BEGIN} `)) return text
  const bytes = decodeBase64(text)
  const decoded = bytes.toString('latin1')
  return decoded.startsWith(BEGIN)
    ? decoded
    : `${BEGIN} ${type}-----\n${bytes.toString('base64')}\n-----END ${type}-----\n`
}

function anyPrivateKey(bytes: Buffer): ReturnType<typeof readPrivateKey> {
  for (const format of ['pkcs1', 'pkcs8'] as const) {
    try {
      return readPrivateKey(bytes, format)
    } catch (error) {
      if (!(error instanceof BuiltinError)) throw error
    }
  }
  return readPrivateKey(bytes, 'sec1')
}
