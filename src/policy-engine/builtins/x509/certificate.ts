/** A certificate (RFC 5280 4.1) as Go's x509.Certificate shows itself in JSON. Nothing is verified. */
import { numberOfBigInt } from '../../wasm/number.ts'
import { RegoObject, type Value } from '../../wasm/value.ts'
import { BuiltinError } from '../builtin.ts'
import { readAlgorithm, signatureNumber } from './algorithms.ts'
import { contextTag, Der, TAG, wrapperTag } from './der.ts'
import { type Fields, NO_EXTENSIONS, readExtension, readExtensions } from './extensions.ts'
import { readName } from './name.ts'
import { readPublicKey, rightAligned } from './public-key.ts'

export interface Certificate {
  readonly raw: Buffer
  readonly fields: Readonly<Fields>
}

export const certificateValue = ({ fields }: Certificate): RegoObject => RegoObject.fromRecord(fields)

/** Certificates one behind the other. */
export function readCertificates(bytes: Buffer): Certificate[] {
  return new Der(bytes, 'certificate').list((der) => readCertificate(der.element(TAG.sequence).raw))
}

function readCertificate(raw: Buffer): Certificate {
  const outer = new Der(raw, 'certificate').inner(TAG.sequence)
  const { raw: tbsRaw } = outer.any()
  const tbs = new Der(tbsRaw, 'tbs certificate').inner(TAG.sequence)
  const version = readVersion(tbs)
  const serial = tbs.integer()
  if (serial < 0n) throw new BuiltinError('x509: negative serial number')
  const inner = tbs.content(TAG.sequence)
  const algorithm = outer.content(TAG.sequence)
  if (!inner.equals(algorithm)) {
    throw new BuiltinError("x509: inner and outer signature algorithm identifiers don't match")
  }
  const issuer = tbs.element(TAG.sequence).raw
  const signed = {
    SignatureAlgorithm: signatureNumber(readAlgorithm(new Der(algorithm, 'algorithm identifier'))),
    RawIssuer: issuer.toString('base64'),
    Issuer: readName(issuer),
    ...readValidity(tbs.inner(TAG.sequence, 'validity')),
    ...readSubject(tbs),
  }
  const extensions = version === 1 ? NO_EXTENSIONS : readOptionalParts(tbs, version)
  const { bytes, unused } = outer.bitString()
  const fields = {
    ...extensions,
    ...signed,
    Raw: raw.toString('base64'),
    RawTBSCertificate: tbsRaw.toString('base64'),
    Version: version,
    SerialNumber: numberOfBigInt(serial),
    Signature: rightAligned(bytes, unused).toString('base64'),
  }
  return { raw, fields }
}

function readVersion(tbs: Der): number {
  const version = tbs.tag === wrapperTag(0) ? tbs.inner(wrapperTag(0)).integer() : 0n
  if (version < 0n || version > 2n) throw new BuiltinError('x509: invalid version')
  return Number(version) + 1
}

function readSubject(tbs: Der): Fields {
  const subject = tbs.element(TAG.sequence).raw
  const key = tbs.element(TAG.sequence).raw
  const { algorithm, key: publicKey } = readPublicKey(key)
  return {
    RawSubject: subject.toString('base64'),
    Subject: readName(subject),
    RawSubjectPublicKeyInfo: key.toString('base64'),
    PublicKeyAlgorithm: algorithm,
    PublicKey: publicKey,
  }
}

/** Unique ids of version 2 are passed over. */
function readOptionalParts(tbs: Der, version: number): Readonly<Fields> {
  tbs.optional(contextTag(1))
  tbs.optional(contextTag(2))
  if (version < 3 || tbs.tag !== wrapperTag(3)) return NO_EXTENSIONS
  const extensions = tbs.inner(wrapperTag(3), 'extensions').inner(TAG.sequence).list(readExtension)
  const ids = extensions.map(({ id }) => id.join('.'))
  if (new Set(ids).size < ids.length) throw new BuiltinError('x509: certificate contains duplicate extension')
  return readExtensions(extensions)
}

const [UTC_TIME, GENERALIZED_TIME] = [0x17, 0x18]

function readValidity(validity: Der): Fields {
  return { NotBefore: readTime(validity), NotAfter: readTime(validity) }
}

/** UTCTime's years are 1950 to 2049. */
function readTime(validity: Der): Value {
  const { tag, content } = validity.any()
  const text = content.toString('latin1')
  const short = tag === UTC_TIME ? /^\d{2}/.exec(text)?.[0] : undefined
  if (tag !== GENERALIZED_TIME && short === undefined) throw new BuiltinError('x509: unsupported time format')
  const full = short === undefined ? text : `${Number(short) < 50 ? '20' : '19'}${text}`
  const [, year, month, day, hour, minute, second, zone = ''] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(Z|[-+]\d{4})$/.exec(full) ?? []
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  const parsed = new Date(`${local}Z`)
  if (Number.isNaN(parsed.getTime()) || !parsed.toISOString().startsWith(local) || /^[-+]0000$/.test(zone)) {
    throw new BuiltinError('x509: malformed time')
  }
  return local + (zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3)}`)
}
