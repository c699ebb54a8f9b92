/** Valid bundles to start from, small enough to be changed many times, and what was ever signed by the trusted key. */
import { generateKeyPairSync } from 'node:crypto'
import {
  type BundleFiles,
  fileDigest,
  MANIFEST,
  revisionOf,
  SIGNATURES,
} from '../../src/policy-engine/bundle/digest.ts'
import type { LoadOptions } from '../../src/policy-engine/bundle/load.ts'
import { type BundleKey, signBundle } from '../../src/policy-engine/bundle/signature.ts'

const pairOf = () =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
const [trusted, stranger] = [pairOf(), pairOf()]

export const TRUSTED_PRIVATE_KEY = trusted.privateKey
export const TRUSTED_PUBLIC_KEY = trusted.publicKey
export const STRANGER_PRIVATE_KEY = stranger.privateKey
export const KEYS: readonly BundleKey[] = [
  { id: 'trusted', algorithm: 'ES256', key: trusted.publicKey },
  { id: 'scoped', algorithm: 'ES256', key: trusted.publicKey, scope: 'write' },
  { id: 'revoked', algorithm: 'ES256', key: stranger.publicKey, state: 'revoked' },
]
export const OPTIONS: LoadOptions = { name: 'fuzzed', keys: KEYS, requiredEntrypoints: [], isPlatform: false }

/** Data alone: what is accepted needs no module to be compiled. */
export const SMALL_FILES: BundleFiles = new Map<string, Uint8Array>([
  [MANIFEST, Buffer.from('{"revision":"r1","roots":["team","users"],"metadata":{"owner":"é"}}\n')],
  ['data.json', Buffer.from('{"team":{"a":[1,2.50,"x"],"b":{"c":null}},"users":{"alice":["admin"]}}')],
  ['team/readme.txt', Buffer.from('not read\n')],
])

/** Digest of the content by the signed part of the JWT. */
const signed = new Map<string, string>()

const signedPart = (signatures: string): string => {
  const { signatures: found }: { signatures: readonly string[] } = JSON.parse(signatures)
  return (found[0] ?? '').split('.').slice(0, 2).join('.')
}

export function signTrusted(files: BundleFiles, version = 1): BundleFiles {
  const text = signBundle(files, { privateKey: TRUSTED_PRIVATE_KEY, keyId: 'trusted', version })
  signed.set(signedPart(text), revisionOf(files))
  return new Map(files).set(SIGNATURES, Buffer.from(text))
}

export const signStranger = (files: BundleFiles): BundleFiles => {
  const text = signBundle(files, { privateKey: STRANGER_PRIVATE_KEY, keyId: 'trusted', version: 2 })
  return new Map(files).set(SIGNATURES, Buffer.from(text))
}

/** Notes a JWT that the trusted key made for these files. */
export const noteSigned = (part: string, files: BundleFiles): void => void signed.set(part, revisionOf(files))

/** Throws unless what was accepted is, part for part, what the trusted key once signed. */
export function mustBeSigned(files: BundleFiles): void {
  const part = signedPart(Buffer.from(files.get(SIGNATURES) ?? '').toString('utf8'))
  if (signed.get(part) !== revisionOf(files)) throw new Error('FORGED: accepted what the trusted key never signed')
}

interface Listed {
  readonly name?: unknown
  readonly hash?: unknown
  readonly algorithm?: string
}

/** Throws unless the claims of what was accepted list each of the files once, with its digest, and no other, and suit the key. */
export function mustBeClaimed(files: BundleFiles): void {
  const [header, payload] = signedPart(Buffer.from(files.get(SIGNATURES) ?? '').toString('utf8'))
    .split('.')
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
  const listed = payload.files as readonly Listed[]
  const names = [...files.keys()].filter((name) => name !== SIGNATURES)
  const wanted = JSON.stringify(names.sort())
  if (JSON.stringify(listed.map(({ name }) => name).sort()) !== wanted)
    throw new Error('FORGED: other files are listed')
  for (const { name, hash, algorithm } of listed) {
    const digest = fileDigest(String(name), files.get(String(name)) ?? new Uint8Array(), algorithm)
    if (String(hash).toLowerCase() !== digest) throw new Error('FORGED: another digest is listed')
  }
  const key = KEYS.find(({ id }) => id === (header.kid ?? payload.keyid))
  if ((payload.scope ?? '') !== (key?.scope ?? '')) throw new Error('FORGED: not the scope of the key')
  if (!Number.isSafeInteger(payload.version) || payload.version < 0) throw new Error('FORGED: the version is none')
}
