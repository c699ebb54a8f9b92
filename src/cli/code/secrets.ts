/**
 * Secrets as the configuration names them: in a file, by digest, or to be generated into a file once. Only digests leave
 * this machine, but where the instance itself must keep the secret (client_secret_jwt). Checklist 19.
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ClientSettings } from '../../auth/client/metadata/together.ts'
import { needsSecretItself, readDigests, usesSecret } from '../../auth/client/secrets.ts'
import type { ClientConfig } from '../../config/sections/clients.ts'
import { ConfigError } from '../../kernel/errors.ts'
import { digestOf, randomSecret } from '../../kernel/ids.ts'

export type SecretSource =
  | { readonly digest: string }
  /** Not there yet: `apply` writes it. */
  | { readonly file: string }

type SecretConfig = ClientConfig['secrets'][number]

/** A digest guards only what nobody can guess. */
const MIN_CHARACTERS = 32

/** Throws ConfigError. */
export function readSecrets(settings: ClientSettings, secrets: readonly SecretConfig[]): readonly SecretSource[] {
  if (!usesSecret(settings)) {
    if (secrets.length > 0) throw new ConfigError('secrets: this client uses none')
    return []
  }
  if (secrets.length === 0)
    throw new ConfigError('secrets: needs one at least, e.g. - generate: secrets/NAME, for a client that uses a secret')
  const sources = secrets.map(readSecret)
  if (needsSecretItself(settings) && secrets.some(({ generate }) => generate === undefined))
    throw new ConfigError('secrets: client_secret_jwt takes `generate` only: the instance makes and keeps the secret')
  if (sources.slice(1).some((source) => 'file' in source))
    throw new ConfigError('secrets: only the first, which is the newest, can be generated')
  const digests = sources.flatMap((source) => ('digest' in source ? [source.digest] : []))
  if (new Set(digests).size < digests.length) throw new ConfigError('secrets: the same secret is there twice')
  return sources
}

function readSecret({ file, sha256, generate }: SecretConfig): SecretSource {
  if ([file, sha256, generate].filter((given) => given !== undefined).length !== 1)
    throw new ConfigError('secrets: each names one of file, sha256, generate')
  if (sha256 !== undefined) return { digest: readDigests('sha256', [sha256])[0] ?? '' }
  if (generate !== undefined && !existsSync(generate)) return { file: generate }
  return { digest: digestOf(readSecretText(file ?? generate ?? '')) }
}

function readSecretText(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch {
    throw new ConfigError(`secrets: ${file} cannot be read`)
  }
  if (text.length < MIN_CHARACTERS)
    throw new ConfigError(
      `secrets: ${file} must hold ${MIN_CHARACTERS} characters at least, from a generator (openssl rand -base64 32)`,
    )
  return text
}

/** Writes a new secret where nothing is yet; it and its folder are this user's only. */
export function keepSecret(file: string): string {
  const secret = randomSecret()
  reserveFile(file).write(secret)
  return digestOf(secret)
}

export interface ReservedFile {
  write(secret: string): void
  /** Nothing is to be written. */
  release(): void
}

/** Makes sure that a secret which the instance is asked for can be written, before it makes one. Throws ConfigError. */
export function reserveFile(file: string): ReservedFile {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const opened = openSync(file, 'wx', 0o600)
    return {
      write(secret) {
        writeFileSync(opened, `${secret}\n`)
        closeSync(opened)
      },
      release() {
        closeSync(opened)
        unlinkSync(file)
      },
    }
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    throw new ConfigError(`secrets: ${file} cannot be written (${why})`, { cause })
  }
}
