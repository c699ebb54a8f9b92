/** For tests: who signs policy bundles and puts them where a running service watches, by renaming or by saving in place. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { readArchive, writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { type BundleFiles, MANIFEST, SIGNATURES } from '../../src/policy-engine/bundle/digest.ts'
import { signBundle } from '../../src/policy-engine/bundle/signature.ts'

export const KEY_ID = 'test'

/** How an editor or a deployment writes a file. */
export type WayToWrite = 'rename' | 'in place'

export interface BundleDesk {
  /** What the service watches. */
  readonly path: string
  readonly privateKeyFile: string
  readonly publicKeyFile: string
  /** Of the last bundle that was signed here. */
  readonly version: number
  /** Signs under the next version, or the given one; answers the archive's bytes. */
  sign(files: BundleFiles, version?: number): Promise<Buffer>
  write(bytes: Uint8Array, way?: WayToWrite): void
  /** Signs and writes. */
  publish(files: BundleFiles, way?: WayToWrite): Promise<void>
}

export const makeKeyPair = () =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })

/** Unsigned. */
export const committedBundle = async (): Promise<BundleFiles> =>
  readArchive(readFileSync(resolve('bundles/sallyport.tar.gz')))

/** As the manifest names it. */
export function revisionIn(files: BundleFiles): string {
  const manifest: { revision?: unknown } = JSON.parse(Buffer.from(files.get(MANIFEST) ?? '{}').toString())
  return String(manifest.revision)
}

export const signedWith = (files: BundleFiles, privateKey: string, version: number, keyId = KEY_ID): BundleFiles =>
  new Map(files).set(SIGNATURES, Buffer.from(signBundle(files, { privateKey, keyId, version })))

export function openBundleDesk(folder: string): BundleDesk {
  const { privateKey, publicKey } = makeKeyPair()
  const file = (name: string) => join(folder, name)
  const path = file('bundles/sallyport.tar.gz')
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(file('bundle-key.pem'), privateKey, { mode: 0o600 })
  writeFileSync(file('bundle-key.pub.pem'), publicKey)
  let last = 0
  const write = (bytes: Uint8Array, way: WayToWrite = 'rename') => {
    writeFileSync(way === 'rename' ? file('bundle.new') : path, bytes)
    if (way === 'rename') renameSync(file('bundle.new'), path)
  }
  const sign = async (files: BundleFiles, version = last + 1) => {
    last = Math.max(last, version)
    return Buffer.from(await writeArchive(signedWith(files, privateKey, version)))
  }
  return {
    path,
    privateKeyFile: file('bundle-key.pem'),
    publicKeyFile: file('bundle-key.pub.pem'),
    get version() {
      return last
    },
    sign,
    write,
    publish: async (files, way) => write(await sign(files), way),
  }
}
