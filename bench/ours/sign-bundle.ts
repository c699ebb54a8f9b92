/** The committed bundle, signed with a key of this run: the repository holds no private key. */
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readArchive, writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { SIGNATURES } from '../../src/policy-engine/bundle/digest.ts'
import { signBundle } from '../../src/policy-engine/bundle/signature.ts'

export const KEY_ID = 'bench'

export interface BundleKeyPair {
  /** PEM. */
  readonly privateKey: string
  readonly publicKey: string
}

export const makeBundleKey = (): BundleKeyPair =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })

export const committedFiles = async (root: string): Promise<Map<string, Uint8Array>> =>
  new Map(await readArchive(readFileSync(join(root, 'bundles/sallyport.tar.gz'))))

/** `change` edits the files before they are signed. */
export async function signCommittedBundle(
  root: string,
  privateKey: string,
  change: (files: Map<string, Uint8Array>) => void = () => {},
  version = 1,
): Promise<Uint8Array> {
  const files = await committedFiles(root)
  files.delete(SIGNATURES)
  change(files)
  files.set(SIGNATURES, Buffer.from(signBundle(files, { privateKey, keyId: KEY_ID, version })))
  return writeArchive(files)
}
