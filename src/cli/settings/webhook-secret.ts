/** The secret of a webhook, as its file holds it. Standard Webhooks 1.0, "Secret": `whsec_` and base64. */
import { readSecretFile } from '../../config/secrets.ts'
import { ConfigError } from '../../kernel/errors.ts'

const MIN_SECRET_BYTES = 24
const MAX_SECRET_BYTES = 64

export function webhookSecret(file: string, setting: string): Uint8Array {
  const text = readSecretFile(file, setting)
  const encoded = text.startsWith('whsec_') ? text.slice('whsec_'.length) : ''
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.byteLength < MIN_SECRET_BYTES || bytes.byteLength > MAX_SECRET_BYTES || !/^[A-Za-z0-9+/]+=*$/.test(encoded))
    throw new ConfigError(
      `${setting}: must be whsec_ and base64 of ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes (for one: echo whsec_$(openssl rand -base64 32))`,
    )
  return bytes
}
