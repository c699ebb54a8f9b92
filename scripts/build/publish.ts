/** Signs a built bundle and puts it where it is read from: written beside, then renamed, so that no reader sees half of it. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { epochSeconds, systemClock } from '../../src/kernel/clock.ts'
import { readArchive, writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { type BundleFiles, MANIFEST, SIGNATURES } from '../../src/policy-engine/bundle/digest.ts'
import { signBundle } from '../../src/policy-engine/bundle/signature.ts'

export interface Signer {
  /** PEM. */
  readonly privateKey: string
  readonly keyId: string
  /** Without it: UTC milliseconds, and above the last one. */
  readonly version?: number | undefined
  /** Seconds from now until it ends; without it, it does not. */
  readonly expiresInSeconds?: number | undefined
}

export async function publish(files: BundleFiles, output: string, signer?: Signer): Promise<void> {
  const signed = new Map(files)
  if (signer !== undefined) {
    const { privateKey, keyId, expiresInSeconds } = signer
    const version = signer.version ?? Math.max(Date.now(), (await publishedVersion(output)) + 1)
    const ends = expiresInSeconds === undefined ? {} : { expiresAt: epochSeconds(systemClock) + expiresInSeconds }
    signed.set(SIGNATURES, Buffer.from(signBundle(files, { privateKey, keyId, version, ...ends })))
  }
  await mkdir(dirname(output), { recursive: true })
  const beside = `${output}.${process.pid}.tmp`
  await writeFile(beside, await writeArchive(signed))
  await rename(beside, output)
}

/** Files of the bundle that lies there now; none where there is no sound one. */
export async function published(output: string): Promise<BundleFiles> {
  try {
    return await readArchive(await readFile(output))
  } catch {
    return new Map()
  }
}

/** Digest of the sources that the bundle there was built from. */
export async function publishedSources(output: string): Promise<string | undefined> {
  const manifest = (await published(output)).get(MANIFEST)
  if (manifest === undefined) return undefined
  const { metadata }: { metadata?: { sources_digest?: string } } = JSON.parse(Buffer.from(manifest).toString())
  return metadata?.sources_digest
}

/** Only to count on from; nobody trusts it. */
async function publishedVersion(output: string): Promise<number> {
  const text = (await published(output)).get(SIGNATURES)
  if (text === undefined) return 0
  const { signatures }: { signatures?: readonly string[] } = JSON.parse(Buffer.from(text).toString())
  const payload = signatures?.[0]?.split('.')[1] ?? ''
  const { version }: { version?: unknown } = JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}')
  return typeof version === 'number' ? version : 0
}
