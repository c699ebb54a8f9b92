/** The trusted keys of a bundle, from the configuration and its keys file. */
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readBundleKeys } from '../../config/bundle-keys.ts'
import type { BundleKeyConfig } from '../../config/sections/bundles.ts'
import { ConfigError } from '../../kernel/errors.ts'
import type { BundleKey } from '../../policy-engine/bundle/signature.ts'

export interface KeysConfig {
  readonly keys: readonly BundleKeyConfig[]
  readonly keys_file?: string
}

/** Throws ConfigError where a file cannot be read. */
export function readKeys({ keys, keys_file }: KeysConfig): readonly BundleKey[] {
  const all = [...keys, ...(keys_file === undefined ? [] : readBundleKeys(keys_file))]
  const ids = all.map(({ id }) => id)
  const twice = ids.find((id, at) => ids.indexOf(id) < at)
  if (twice !== undefined) throw new ConfigError(`keys_file: key ${twice} is there twice`)
  return all.map(readKey)
}

/** The same, of files that are being replaced: a half-written key must not take the place of a whole one. */
export function readKeysAgain(config: KeysConfig): readonly BundleKey[] {
  const keys = readKeys(config)
  for (const { id, key, algorithm } of keys) {
    if (isHmac(algorithm)) continue
    try {
      createPublicKey(key)
    } catch (cause) {
      throw new ConfigError(`the key ${id} is no public key or certificate in PEM`, { cause })
    }
  }
  return keys
}

const isHmac = (algorithm: string): boolean => algorithm.startsWith('HS')

function readKey({ id, algorithm, state, scope, key_file }: BundleKeyConfig): BundleKey {
  let text: string
  try {
    text = readFileSync(key_file, 'utf8')
  } catch (cause) {
    throw new ConfigError(`the key of a bundle, ${key_file}, cannot be read`, { cause })
  }
  // A secret without the line end that editors and secret mounts add.
  return { id, algorithm, state, key: isHmac(algorithm) ? text.trim() : text, ...(scope !== undefined && { scope }) }
}
