/** Extensions of certificates (RFC 5280 4.2) as the fields of Go's x509.Certificate that they fill. */
import { numberOfBigInt } from '../../wasm/number.ts'
import { RegoObject, type Value } from '../../wasm/value.ts'
import { BuiltinError } from '../builtin.ts'
import { decodeUtf8 } from '../text/go-text.ts'
import { extendedUsage } from './algorithms.ts'
import { contextTag, Der, isOid, oidText, readOid, TAG, wrapperTag } from './der.ts'
import { readAlternativeNames, readConstraints } from './general-names.ts'

export interface Extension {
  readonly id: readonly number[]
  readonly critical: boolean
  readonly value: Buffer
}

export type Fields = Record<string, Value>

/** The fields as they are without any extension. */
export const NO_EXTENSIONS: Readonly<Fields> = {
  ...Object.fromEntries(
    [
      ...['AuthorityKeyId', 'SubjectKeyId', 'CRLDistributionPoints', 'OCSPServer', 'IssuingCertificateURL'],
      ...['DNSNames', 'EmailAddresses', 'IPAddresses', 'URIs', 'URIStrings', 'ExtKeyUsage', 'UnknownExtKeyUsage'],
      ...[
        'Policies',
        'PolicyIdentifiers',
        'PolicyMappings',
        'UnhandledCriticalExtensions',
        'Extensions',
        'ExtraExtensions',
      ],
      ...['Permitted', 'Excluded'].flatMap((kind) =>
        ['DNSDomains', 'EmailAddresses', 'URIDomains', 'IPRanges'].map((name) => kind + name),
      ),
    ].map((name) => [name, null]),
  ),
  ...Object.fromEntries(
    ['BasicConstraintsValid', 'IsCA', 'MaxPathLenZero', 'PermittedDNSDomainsCritical'].map((name) => [name, false]),
  ),
  ...Object.fromEntries(
    ['InhibitAnyPolicy', 'InhibitPolicyMapping', 'RequireExplicitPolicy'].flatMap((name) => [
      [name, 0],
      [`${name}Zero`, false],
    ]),
  ),
  KeyUsage: 0,
  MaxPathLen: 0,
}

export function readExtension(sequence: Der): Extension {
  const extension = sequence.inner(TAG.sequence, 'extension')
  const id = extension.oid()
  const critical = extension.tag === TAG.boolean && extension.boolean()
  return { id, critical, value: extension.content(TAG.octetString) }
}

export function readExtensions(extensions: readonly Extension[]): Fields {
  const fields: Fields = { ...NO_EXTENSIONS }
  const unhandled: Value[] = []
  for (const extension of extensions) {
    const read = READERS[extension.id.join('.')]
    const isHandled = read !== undefined && read(fields, extension) !== false
    if (extension.critical && !isHandled) unhandled.push(extension.id)
  }
  fields.UnhandledCriticalExtensions = orNull(unhandled)
  fields.Extensions = orNull(extensions.map(describe))
  return fields
}

const describe = ({ id, critical, value }: Extension): Value =>
  RegoObject.fromRecord({ Id: id, Critical: critical, Value: value.toString('base64') })

const orNull = (list: readonly Value[]): Value => (list.length === 0 ? null : list)

/** False where a critical extension of this kind counts as not handled. */
type Reader = (fields: Fields, extension: Extension) => unknown

const READERS: Readonly<Record<string, Reader | undefined>> = {
  '2.5.29.14': readSubjectKeyId,
  '2.5.29.15': readKeyUsage,
  '2.5.29.17': readSubjectNames,
  '2.5.29.19': readBasicConstraints,
  '2.5.29.30': readNameConstraints,
  '2.5.29.31': readDistributionPoints,
  '2.5.29.32': readPolicies,
  '2.5.29.33': readPolicyMappings,
  '2.5.29.35': readAuthorityKeyId,
  '2.5.29.36': readPolicyConstraints,
  '2.5.29.37': readExtendedUsages,
  '2.5.29.54': readInhibitAnyPolicy,
  '1.3.6.1.5.5.7.1.1': readAuthorityAccess,
}

function refuseCritical({ critical }: Extension, what: string): void {
  if (critical) throw new BuiltinError(`x509: ${what} incorrectly marked critical`)
}

function readSubjectKeyId(fields: Fields, extension: Extension): void {
  refuseCritical(extension, 'subject key identifier')
  fields.SubjectKeyId = new Der(extension.value, 'subject key identifier').content(TAG.octetString).toString('base64')
}

function readAuthorityKeyId(fields: Fields, extension: Extension): void {
  refuseCritical(extension, 'authority key identifier')
  const id = new Der(extension.value, 'authority key identifier').inner(TAG.sequence).optional(contextTag(0))
  fields.AuthorityKeyId = id === undefined ? null : id.toString('base64')
}

/** The first bit is the highest of its byte. */
function readKeyUsage(fields: Fields, { value }: Extension): void {
  const { bytes } = new Der(value, 'key usage').bitString()
  let usage = 0
  for (let bit = 0; bit < 9; bit++) {
    if (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) usage |= 1 << bit
  }
  fields.KeyUsage = usage
}

function readBasicConstraints(fields: Fields, { value }: Extension): void {
  const constraints = new Der(value, 'basic constraints').inner(TAG.sequence)
  fields.IsCA = constraints.tag === TAG.boolean && constraints.boolean()
  const given = constraints.tag === TAG.integer ? constraints.integer() : undefined
  if (given !== undefined && (given < 0n || given >= 2n ** 63n)) constraints.fail()
  const length = given ?? -1n
  fields.MaxPathLen = numberOfBigInt(length)
  fields.MaxPathLenZero = length === 0n
  fields.BasicConstraintsValid = true
}

function readSubjectNames(fields: Fields, { value }: Extension): boolean {
  const names = Object.entries(readAlternativeNames(value)) as [string, readonly Value[]][]
  for (const [name, list] of names) fields[name] = orNull(list)
  return names.some(([, list]) => list.length > 0)
}

function readNameConstraints(fields: Fields, { value, critical }: Extension): boolean {
  const { permitted, excluded } = readConstraints(value)
  for (const [kind, constraints] of Object.entries({ Permitted: permitted, Excluded: excluded })) {
    fields[`${kind}DNSDomains`] = orNull(constraints.dns)
    fields[`${kind}EmailAddresses`] = orNull(constraints.emails)
    fields[`${kind}URIDomains`] = orNull(constraints.uris)
    fields[`${kind}IPRanges`] = orNull(constraints.ranges)
  }
  fields.PermittedDNSDomainsCritical = critical
  return !permitted.isPartial && !excluded.isPartial
}

const URI = contextTag(6)

function readDistributionPoints(fields: Fields, { value }: Extension): void {
  const points = new Der(value, 'CRL distribution points').inner(TAG.sequence).list((der) => der.inner(TAG.sequence))
  const uris: string[] = []
  for (const point of points) {
    if (point.tag !== wrapperTag(0)) continue
    const names = point.inner(wrapperTag(0)).inner(wrapperTag(0))
    while (names.tag === URI) uris.push(decodeUtf8(names.content(URI)))
  }
  fields.CRLDistributionPoints = orNull(uris)
}

function readPolicies(fields: Fields, { value }: Extension): void {
  const policies = new Der(value, 'certificate policies')
    .inner(TAG.sequence)
    .list((der) => der.inner(TAG.sequence).content(TAG.oid))
  const texts = policies.map(oidText)
  if (!policies.every(isOid) || new Set(texts).size < texts.length) {
    throw new BuiltinError('x509: invalid certificate policies')
  }
  fields.Policies = orNull(texts)
  fields.PolicyIdentifiers = policies.map(readOid).filter((policy) => policy !== undefined)
}

function readPolicyMappings(fields: Fields, { value }: Extension): void {
  const mappings = new Der(value, 'policy mappings extension').inner(TAG.sequence).list((der) => {
    const mapping = der.inner(TAG.sequence)
    return RegoObject.fromRecord({
      IssuerDomainPolicy: oidText(mapping.content(TAG.oid)),
      SubjectDomainPolicy: oidText(mapping.content(TAG.oid)),
    })
  })
  fields.PolicyMappings = orNull(mappings)
}

function readPolicyConstraints(fields: Fields, { value }: Extension): void {
  const constraints = new Der(value, 'policy constraints extension').inner(TAG.sequence)
  for (const [at, name] of ['RequireExplicitPolicy', 'InhibitPolicyMapping'].entries()) {
    if (constraints.tag === contextTag(at)) setCount(fields, name, constraints.integer(contextTag(at)))
  }
}

function readInhibitAnyPolicy(fields: Fields, { value }: Extension): void {
  setCount(fields, 'InhibitAnyPolicy', new Der(value, 'inhibit any policy extension').integer())
}

function setCount(fields: Fields, name: string, count: bigint): void {
  fields[name] = numberOfBigInt(count)
  fields[`${name}Zero`] = count === 0n
}

function readExtendedUsages(fields: Fields, { value }: Extension): void {
  const usages = new Der(value, 'extended key usages').inner(TAG.sequence).list((der) => der.oid())
  fields.ExtKeyUsage = orNull(usages.map(extendedUsage).filter((usage) => usage !== undefined))
  fields.UnknownExtKeyUsage = orNull(usages.filter((usage) => extendedUsage(usage) === undefined))
}

const ACCESS: Readonly<Record<string, string | undefined>> = {
  '1.3.6.1.5.5.7.48.1': 'OCSPServer',
  '1.3.6.1.5.5.7.48.2': 'IssuingCertificateURL',
}

function readAuthorityAccess(fields: Fields, extension: Extension): void {
  refuseCritical(extension, 'authority info access')
  const found: Record<string, string[]> = { OCSPServer: [], IssuingCertificateURL: [] }
  const descriptions = new Der(extension.value, 'authority info access').inner(TAG.sequence)
  for (const description of descriptions.list((der) => der.inner(TAG.sequence))) {
    const name = ACCESS[description.oid().join('.')]
    const uri = description.optional(URI)
    if (uri !== undefined && name !== undefined) found[name]?.push(decodeUtf8(uri))
  }
  for (const [name, uris] of Object.entries(found)) fields[name] = orNull(uris)
}
