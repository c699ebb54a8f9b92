/** Reads the secrets that the configuration names: the envelope key, the Redis password, bearer tokens. */
import { readFileSync } from 'node:fs'
import { ConfigError } from '../kernel/errors.ts'
import type { Config } from './schema.ts'

const KEK_BYTES = 32

/** The envelope key's 32 bytes; the caller zeroizes them. */
export function readKek({ kek, kek_file: file }: Config): Uint8Array {
  const bytes = readKey(kek, file, 'kek_file')
  if (bytes === undefined) throw new ConfigError('no envelope key: set SALLYPORT_KEK or kek_file to 32 bytes as base64')
  return bytes
}

/** The envelope key before it, while both are in use; the caller zeroizes it. */
export const readPreviousKek = ({ kek_previous, kek_previous_file: file }: Config): Uint8Array | undefined =>
  readKey(kek_previous, file, 'kek_previous_file')

function readKey(given: string | undefined, file: string | undefined, setting: string): Uint8Array | undefined {
  const text = given ?? (file === undefined ? undefined : readSecretFile(file, setting))
  if (text === undefined) return undefined
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
