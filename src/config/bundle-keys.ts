/** Reads a file of bundle keys: a list `keys`, each as in the configuration, paths read from the file's own folder. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'
import { parse } from 'yaml'
import { ConfigError } from '../kernel/errors.ts'
import { type BundleKeyConfig, BundleKeys } from './sections/bundles.ts'

const isBundleKeys = Compile(BundleKeys)

/** Throws ConfigError. */
export function readBundleKeys(file: string): readonly BundleKeyConfig[] {
  const given = Value.Default(BundleKeys, parsed(file))
  if (!isBundleKeys.Check(given)) {
    const [{ instancePath, message } = { instancePath: '', message: 'it is malformed' }] = isBundleKeys.Errors(given)
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
