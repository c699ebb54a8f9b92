/** Digests of a bundle's files as OPA signs them, and the revision: one digest over all of them. */
import { createHash } from 'node:crypto'
import { BundleError } from '../engine.ts'
import { canonicalBytes, canonicalize } from './canonical.ts'

/** Names of a bundle's files without leading slash, and their bytes. */
export type BundleFiles = ReadonlyMap<string, Uint8Array>

export const SIGNATURES = '.signatures.json'
export const MANIFEST = '.manifest'

/** Digest algorithms accepted in a signature, by OPA's name. OPA's MD5, SHA-1 and SHA-224 are left out on purpose. */
const ALGORITHMS: Readonly<Record<string, string>> = {
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
  'SHA-512-256': 'sha512-256',
}

const basename = (name: string): string => name.slice(name.lastIndexOf('/') + 1)

/** Hex digest of one file: structured files (`data.json`, `.manifest`) by their canonical form, all others by their bytes. */
export function fileDigest(name: string, bytes: Uint8Array, algorithm = 'SHA-256'): string {
  const hash = ALGORITHMS[algorithm]
  if (hash === undefined) throw new BundleError('bad_signature', `digest algorithm of ${name} is not accepted`)
  return createHash(hash).update(signedForm(name, bytes)).digest('hex')
}

function signedForm(name: string, bytes: Uint8Array): Uint8Array {
  const base = basename(name)
  if (base !== 'data.json' && base !== MANIFEST) return bytes
  try {
    return canonicalBytes(bytes)
  } catch (cause) {
    throw new BundleError('not_a_bundle', `${name} is not valid JSON`, { cause })
  }
}

/** What the files are, in one value: covers every file but the signatures, and the manifest without `revision`. */
export function revisionOf(files: BundleFiles): string {
  const hash = createHash('sha256')
  for (const name of [...files.keys()].sort()) {
    if (name === SIGNATURES) continue
    const bytes = files.get(name) ?? new Uint8Array()
    const digest = name === MANIFEST ? manifestDigest(bytes) : fileDigest(name, bytes)
    hash.update(`${name}\0${digest}\n`)
  }
  return hash.digest('hex')
}

function manifestDigest(bytes: Uint8Array): string {
  try {
    return createHash('sha256')
      .update(canonicalize(bytes, ['revision']))
      .digest('hex')
  } catch (cause) {
    throw new BundleError('not_a_bundle', `${MANIFEST} is not valid JSON`, { cause })
  }
}
