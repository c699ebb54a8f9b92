/**
 * The key that checkpoints are signed with (Ed25519, RFC 8032): of the service that writes the log, in a file of its own. It
 * proves that a head was written by the service; it is no secret of anybody else's and opens nothing.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject, sign, verify } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { ConfigError } from '../kernel/errors.ts'

export interface Signer {
  readonly keyId: string
  sign(text: string): string
}

export interface SignatureCheck {
  readonly keyId: string
  verify(text: string, signature: string): boolean
}

/** Writes a new private key to `file`, mode 0600, and its public half beside it. Rejects an existing file. */
export function makeLogKey(file: string): void {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  writeFileSync(file, privateKey, { mode: 0o600, flag: 'wx' })
  writeFileSync(`${file}.pub`, publicKey, { mode: 0o644 })
}

/** Throws ConfigError. */
export const readSigner = (file: string): Signer => signerOf(readKey(file))

/** Throws ConfigError. `pem` is an Ed25519 private key. */
export function signerOf(pem: string): Signer {
  const key = parseKey(pem, createPrivateKey)
  const keyId = keyIdOf(createPublicKey(key))
  return { keyId, sign: (text) => sign(null, Buffer.from(text), key).toString('base64url') }
}

/** From the public key, or from the private one, which holds it. Throws ConfigError. */
export function signatureCheck(pem: string): SignatureCheck {
  const key = parseKey(pem, createPublicKey)
  return {
    keyId: keyIdOf(key),
    verify: (text, signature) => verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64url')),
  }
}

export function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigError(`log.key_file: ${file} cannot be read; \`sallyport init\` makes one`, { cause })
  }
}

function parseKey(pem: string, create: (pem: string) => KeyObject): KeyObject {
  let key: KeyObject
  try {
    key = create(pem)
  } catch (cause) {
    throw new ConfigError('the key of the log is no PEM key', { cause })
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new ConfigError('the key of the log is not an Ed25519 key')
  return key
}

const keyIdOf = (key: KeyObject): string =>
  hash('sha256', key.export({ type: 'spki', format: 'der' }), 'base64url').slice(0, 16)
