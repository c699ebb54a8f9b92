/** Reads the secrets that the configuration names: the envelope key, the Redis password, bearer tokens. */
import { readFileSync } from 'node:fs'
import { ConfigError } from '../kernel/errors.ts'
import type { Config } from './schema.ts'

const KEK_BYTES = 32

/** The envelope key's 32 bytes; the caller zeroizes them. */
export function readKek(config: Config): Uint8Array {
  const text = config.kek ?? (config.kek_file === undefined ? undefined : readSecretFile(config.kek_file, 'kek_file'))
  if (text === undefined) throw new ConfigError('no envelope key: set SALLYPORT_KEK or kek_file to 32 bytes as base64')
  const bytes = Buffer.from(text, 'base64')
  if (!/^[A-Za-z0-9+/_-]+=*$/.test(text) || bytes.byteLength !== KEK_BYTES)
    throw new ConfigError(`the envelope key must be ${KEK_BYTES} bytes as base64 (for one: openssl rand -base64 32)`)
  return bytes
}

/** The file's text without the line end that editors and secret mounts add. */
export function readSecretFile(file: string, setting: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new ConfigError(`${setting}: ${file} cannot be read`, { cause: error })
  }
  if (text === '') throw new ConfigError(`${setting}: ${file} is empty`)
  return text
}
