/**
 * Signs a copy of the committed bundle with the development key. A copy that is there already, by the same key and from
 * the same committed bundle, stays: it holds what was edited in the last run.
 */
import { existsSync, readFileSync } from 'node:fs'
import type { Clock } from '../../kernel/clock.ts'
import { ConfigError } from '../../kernel/errors.ts'
import { digestOf } from '../../kernel/ids.ts'
import { readArchive, writeArchive } from '../../policy-engine/bundle/archive.ts'
import { signBundle, verifySignature } from '../../policy-engine/bundle/signature.ts'
import { DEV_KEY_ID, type DevState, readText, writePrivate } from './state.ts'

const SIGNATURES = '.signatures.json'

export async function ensureDevBundle(state: DevState, committed: string, clock: Clock): Promise<void> {
  if (!existsSync(committed)) throw new ConfigError(`${committed} is missing: build it with \`make bundles\``)
  const bytes = readFileSync(committed)
  const origin = digestOf(bytes.toString('base64'))
  const originFile = `${state.bundleFile}.origin`
  const copied = existsSync(originFile) && readText(originFile) === origin
  if (copied && (await isOurs(state))) return
  const files = new Map(await readArchive(bytes))
  const version = clock.nowMs()
  const signer = { privateKey: readText(state.privateKeyFile), keyId: DEV_KEY_ID, version }
  files.set(SIGNATURES, new TextEncoder().encode(signBundle(files, signer)))
  writePrivate(state.bundleFile, await writeArchive(files))
  writePrivate(originFile, origin)
}

async function isOurs(state: DevState): Promise<boolean> {
  try {
    const key = { id: DEV_KEY_ID, algorithm: 'ES256', key: readText(state.publicKeyFile) } as const
    verifySignature(await readArchive(readFileSync(state.bundleFile)), [key])
    return true
  } catch {
    return false
  }
}
