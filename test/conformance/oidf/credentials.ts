/** What the suite's clients prove themselves with, made anew at each start: secrets, key pairs, certificates. RFC 7517, RFC 8705. */
import { execFile } from 'node:child_process'
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { randomId, randomSecret } from '../../../src/kernel/ids.ts'
import type { PublicKeySet } from '../../../src/storage/client-metadata.ts'

const run = promisify(execFile)

export interface KeyPair {
  /** With its private members, as the suite signs by it. */
  readonly own: PublicKeySet
  readonly published: PublicKeySet
}

/** PEM, as the suite takes it. */
export interface ClientCertificate {
  readonly cert: string
  readonly key: string
  /** What the provider knows it by: RFC 8705 2.2.2. */
  readonly published: PublicKeySet
}

export interface Person {
  readonly userName: string
  readonly password: string
}

export interface Credentials {
  readonly person: Person
  /** Never allows anything, so that consent is asked each time: who refuses. */
  readonly another: Person
  readonly secrets: Readonly<Record<SecretClient, string>>
  readonly keys: Readonly<Record<KeyClient, KeyPair>>
  readonly certificates: Readonly<Record<'mtls' | 'mtls2', ClientCertificate>>
}

export const SECRET_CLIENTS = [
  'oidf-basic-1',
  'oidf-basic-2',
  'oidf-post-1',
  'oidf-backchannel-1',
  'oidf-resource',
] as const
export type SecretClient = (typeof SECRET_CLIENTS)[number]
const KEY_CLIENTS = ['oidf-fapi-1', 'oidf-fapi-2', 'oidf-mtls-1', 'oidf-mtls-2'] as const
export type KeyClient = (typeof KEY_CLIENTS)[number]

function keyPair(privateKey: KeyObject, publicKey: KeyObject, alg: string): KeyPair {
  const named = { kid: randomId(), alg, use: 'sig' }
  return {
    own: { keys: [{ ...privateKey.export({ format: 'jwk' }), ...named }] },
    published: { keys: [{ ...publicKey.export({ format: 'jwk' }), ...named }] },
  }
}

function rsaPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return keyPair(privateKey, publicKey, 'PS256')
}

function ellipticPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return keyPair(privateKey, publicKey, 'ES256')
}

/** Self-signed: the provider is told its key, and asks nobody who signed it. */
async function certificate(folder: string, name: string): Promise<ClientCertificate> {
  const [keyFile, certFile] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', keyFile]
  await run('openssl', ['req', '-x509', ...key, '-out', certFile, '-subj', `/CN=oidf-${name}`, '-days', '30'])
  const cert = readFileSync(certFile, 'utf8')
  const { publicKey, raw } = new X509Certificate(cert)
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: randomId(), x5c: [raw.toString('base64')] }
  return { cert, key: readFileSync(keyFile, 'utf8'), published: { keys: [jwk] } }
}

const each = <K extends string, V>(names: readonly K[], make: (name: K) => V): Record<K, V> =>
  Object.fromEntries(names.map((name) => [name, make(name)])) as Record<K, V>

export async function makeCredentials(folder: string): Promise<Credentials> {
  return {
    person: { userName: 'foo', password: randomSecret() },
    another: { userName: 'bar', password: randomSecret() },
    secrets: each(SECRET_CLIENTS, () => randomSecret()),
    // One of each kind that FAPI 2.0 5.4.1 allows and most libraries have.
    keys: each(KEY_CLIENTS, (name) => (name.endsWith('1') ? rsaPair() : ellipticPair())),
    certificates: { mtls: await certificate(folder, 'mtls-1'), mtls2: await certificate(folder, 'mtls-2') },
  }
}
