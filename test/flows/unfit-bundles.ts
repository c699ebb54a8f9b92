/** For tests: files that no service may take for its policy bundle, and the reason that each must be refused with. */
import { randomBytes } from 'node:crypto'
import { writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { type BundleFiles, SIGNATURES } from '../../src/policy-engine/bundle/digest.ts'
import type { BundleRefusal } from '../../src/policy-engine/engine.ts'
import { type BundleDesk, makeKeyPair, signedWith } from '../servers/bundle-desk.ts'

export interface Good {
  readonly desk: BundleDesk
  /** Unsigned, and fit; not what is active. */
  readonly files: BundleFiles
  /** The desk's private key, PEM. */
  readonly privateKey: string
  /** Above what is active. */
  readonly nextVersion: number
}

export type UnfitBundle = readonly [
  name: string,
  refusal: BundleRefusal,
  make: (good: Good) => Uint8Array | Promise<Uint8Array>,
]

/** Larger than the service is told to read. */
export const LIMIT_BYTES = 512 * 1024

const signed = ({ files, privateKey, nextVersion }: Good): BundleFiles => signedWith(files, privateKey, nextVersion)

/** Signed, then changed. */
const changed = (good: Good, name: string, change: (bytes: Buffer) => Uint8Array) => {
  const files = signed(good)
  return writeArchive(new Map(files).set(name, change(Buffer.from(files.get(name) ?? ''))))
}

const withLastByteFlipped = (bytes: Buffer): Buffer => {
  const other = Buffer.from(bytes)
  other[other.length - 1] = (other.at(-1) ?? 0) ^ 1
  return other
}

function withOtherSignature(bytes: Buffer): Uint8Array {
  const { signatures }: { signatures: string[] } = JSON.parse(bytes.toString())
  const [header, payload, signature = ''] = (signatures[0] ?? '').split('.')
  const other = Buffer.from(signature, 'base64url')
  other[10] = (other[10] ?? 0) ^ 1
  return Buffer.from(JSON.stringify({ signatures: [[header, payload, other.toString('base64url')].join('.')] }))
}

/** Claims of the signature changed, here to a later version, without signing again. */
function withOtherVersion(bytes: Buffer): Uint8Array {
  const { signatures }: { signatures: string[] } = JSON.parse(bytes.toString())
  const [header, payload = '', signature] = (signatures[0] ?? '').split('.')
  const claims: Record<string, unknown> = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const forged = Buffer.from(JSON.stringify({ ...claims, version: Number(claims.version) + 1000 })).toString(
    'base64url',
  )
  return Buffer.from(JSON.stringify({ signatures: [[header, forged, signature].join('.')] }))
}

const withoutModule = (files: BundleFiles): BundleFiles => {
  const rest = new Map(files)
  rest.delete('policy.wasm')
  return rest
}

export const UNFIT: readonly UnfitBundle[] = [
  ['its module tampered with', 'digest_mismatch', (good) => changed(good, 'policy.wasm', withLastByteFlipped)],
  ['its data tampered with', 'digest_mismatch', (good) => changed(good, 'data.json', () => Buffer.from('{"rbac":{}}'))],
  ['a file slipped in', 'digest_mismatch', (good) => changed(good, 'authz/more.rego', () => Buffer.from('package x'))],
  ['its signature tampered with', 'bad_signature', (good) => changed(good, SIGNATURES, withOtherSignature)],
  ['its version raised by hand', 'bad_signature', (good) => changed(good, SIGNATURES, withOtherVersion)],
  ['unsigned', 'unsigned', ({ files }) => writeArchive(files)],
  [
    'signed by a foreign key',
    'unknown_key',
    ({ files, nextVersion }) => writeArchive(signedWith(files, makeKeyPair().privateKey, nextVersion, 'foreign')),
  ],
  [
    'signed by a foreign key in the name of ours',
    'bad_signature',
    ({ files, nextVersion }) => writeArchive(signedWith(files, makeKeyPair().privateKey, nextVersion)),
  ],
  [
    'of an older version',
    'older_version',
    ({ files, privateKey, desk }) => writeArchive(signedWith(files, privateKey, desk.version - 1)),
  ],
  [
    'of the same version with other content',
    'version_conflict',
    ({ files, privateKey, desk }) => writeArchive(signedWith(files, privateKey, desk.version)),
  ],
  ['cut off in the middle', 'not_a_bundle', async (good) => (await writeArchive(signed(good))).subarray(0, 40_000)],
  ['no archive at all', 'not_a_bundle', () => Buffer.from('package authz.token\nallow := true\n')],
  ['empty', 'not_a_bundle', () => Buffer.alloc(0)],
  ['larger than the limit', 'too_large', () => randomBytes(LIMIT_BYTES + 1)],
  [
    'small, and unpacking to more than the limit',
    'too_large',
    ({ files }) => writeArchive(new Map(files).set('data/zeros.json', Buffer.alloc(16 * LIMIT_BYTES))),
  ],
  [
    'signed, without a module',
    'no_wasm',
    ({ files, privateKey, nextVersion }) => writeArchive(signedWith(withoutModule(files), privateKey, nextVersion)),
  ],
  [
    'signed, its module no WebAssembly',
    'not_a_bundle',
    ({ files, privateKey, nextVersion }) =>
      writeArchive(signedWith(new Map(files).set('policy.wasm', randomBytes(1000)), privateKey, nextVersion)),
  ],
]
