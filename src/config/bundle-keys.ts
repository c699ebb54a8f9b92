/** Reads a file of bundle keys: a list `keys`, each as in the configuration, paths read from the file's own folder. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { ConfigError } from '../kernel/errors.ts'
import { withDefaults } from '../schema/defaults.ts'
import { compile } from '../schema/validator.ts'
import { type BundleKeyConfig, BundleKeys } from './sections/bundles.ts'

const isBundleKeys = compile(BundleKeys)

/** Throws ConfigError. */
export function readBundleKeys(file: string): readonly BundleKeyConfig[] {
  const given = withDefaults(BundleKeys, parsed(file))
  if (!isBundleKeys.check(given)) {
    const [{ instancePath, message } = { instancePath: '', message: 'it is malformed' }] = isBundleKeys.faults(given)
    throw new ConfigError(`keys_file: ${file}${instancePath} ${message}`)
  }
  return given.keys.map((key) => ({ ...key, key_file: resolve(dirname(file), key.key_file) }))
}

function parsed(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new ConfigError(`keys_file: ${file} cannot be read`, { cause })
  }
}
