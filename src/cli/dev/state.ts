/** What `--dev` keeps in `var/`: an envelope key, a bundle key, the store, the logs. Made once, private to this user. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../config/schema.ts'
import { randomSecret } from '../../kernel/ids.ts'
import { ensureLogKey } from '../serve/logs.ts'

export const DEV_KEY_ID = 'development'

export interface DevState {
  readonly folder: string
  readonly kekFile: string
  readonly privateKeyFile: string
  readonly publicKeyFile: string
  /** The signed copy that is served and that the watcher replaces. */
  readonly bundleFile: string
  readonly credentialsFile: string
  /** Bearer token of the identity `operator`, which may act on bundles. */
  readonly operatorTokenFile: string
  readonly storeFile: string
  readonly logFolder: string
  /** Where letters to people are written instead of being sent. */
  readonly mailFolder: string
  readonly logKeyFile: string
}

export function openDevState(folder: string): DevState {
  const dev = join(folder, 'dev')
  mkdirSync(dev, { recursive: true, mode: 0o700 })
  const state: DevState = {
    folder,
    kekFile: join(dev, 'kek'),
    privateKeyFile: join(dev, 'bundle-key.pem'),
    publicKeyFile: join(dev, 'bundle-key.pub.pem'),
    bundleFile: join(dev, 'bundle.tar.gz'),
    credentialsFile: join(dev, 'credentials.json'),
    operatorTokenFile: join(dev, 'operator-token'),
    storeFile: join(folder, 'sallyport.sqlite'),
    logFolder: join(folder, 'log'),
    mailFolder: join(folder, 'mail'),
    logKeyFile: join(dev, 'log-key.pem'),
  }
  if (!existsSync(state.kekFile)) writePrivate(state.kekFile, `${randomBytes(32).toString('base64')}\n`)
  if (!existsSync(state.privateKeyFile) || !existsSync(state.publicKeyFile)) makeBundleKey(state)
  if (!existsSync(state.operatorTokenFile)) writePrivate(state.operatorTokenFile, `${randomSecret()}\n`)
  ensureLogKey(state.logKeyFile)
  return state
}

function makeBundleKey(state: DevState): void {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  writePrivate(state.privateKeyFile, privateKey)
  writePrivate(state.publicKeyFile, publicKey)
}

/** Beside and renamed: a reader sees the old file or the new one. */
export function writePrivate(file: string, content: string | Uint8Array): void {
  writeFileSync(`${file}.new`, content, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

export const readText = (file: string): string => readFileSync(file, 'utf8')

/** Settings below the user's own: everything stays in `var/`, and only the development key is trusted. */
export const devSettings = (state: DevState, mail: Config['mail']): Readonly<Record<string, unknown>> => ({
  ...(mail.smtp === undefined && {
    mail: { from: 'Sallyport <sallyport@localhost.example>', directory: state.mailFolder },
  }),
  kek_file: state.kekFile,
  store: { kind: 'sqlite', path: state.storeFile },
  log: { directory: state.logFolder, key_file: state.logKeyFile },
  policy: {
    credentials: [{ identity: 'operator', token_file: state.operatorTokenFile }],
    persistence_directory: join(state.folder, 'bundles'),
    bundle: {
      path: state.bundleFile,
      keys: [{ id: DEV_KEY_ID, key_file: state.publicKeyFile, algorithm: 'ES256', state: 'active' }],
      minimum_version: 1,
    },
  },
})
