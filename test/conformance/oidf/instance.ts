/** A production instance for the suite: its folder, its configuration, its clients. Everything is made anew at each start. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { DEFAULT_KEY_RULES } from '../../../src/auth/keys/rules.ts'
import { createPasswordHasher } from '../../../src/auth/user/password/hasher.ts'
import { initialise } from '../../../src/cli/instance.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { openEnvelope } from '../../../src/kernel/envelope.ts'
import { SIGNING_ALGORITHMS } from '../../../src/kernel/signing-algorithms.ts'
import { openSqliteStore } from '../../../src/storage/sqlite/open.ts'
import { committedBundle, KEY_ID, openBundleDesk } from '../../servers/bundle-desk.ts'
import { type Certificates, makeCertificates } from '../../servers/certificates.ts'
import { freePort } from '../../servers/free-port.ts'
import { clients, enroll, person } from './clients.ts'
import { type Credentials, makeCredentials } from './credentials.ts'
import { withOpenRegistration } from './open-registration.ts'

export interface Places {
  readonly folder: string
  readonly issuer: URL
  readonly suite: URL
  readonly alias: string
}

export interface Instance {
  readonly configFile: string
  readonly credentials: Credentials
  readonly certificates: Certificates
}

/** Ready to be served by `sallyport serve --config`. */
export async function makeInstance({ folder, issuer, suite, alias }: Places): Promise<Instance> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = (name: string) => join(folder, name)
  const desk = openBundleDesk(folder)
  await desk.publish(withOpenRegistration(await committedBundle()))
  const kek = randomBytes(32)
  writeFileSync(file('kek'), kek.toString('base64'), { mode: 0o600 })
  const credentials = await makeCredentials(folder)
  const envelope = openEnvelope(kek)
  const store = await openSqliteStore({ path: file('store.sqlite'), clock: systemClock })
  try {
    const rules = { ...DEFAULT_KEY_RULES, algorithms: SIGNING_ALGORITHMS }
    await initialise({ store, envelope, clock: systemClock, rules })
    const hasher = createPasswordHasher()
    const { person: one, another } = credentials
    const people = [one, another].map(async ({ userName, password }) => person(userName, await hasher.hash(password)))
    await enroll(store, await Promise.all(people), clients(`${suite.origin}/test/a/${alias}`, credentials))
  } finally {
    await store.close()
  }
  const certificates = await makeCertificates(folder)
  const { certFile, keyFile } = certificates
  const configFile = file('sallyport.yaml')
  const settings = {
    issuer: issuer.origin,
    kek_file: file('kek'),
    auth: {
      host: issuer.hostname,
      port: Number(issuer.port || 443),
      // The suite's own browser and clients may speak no more than 1.2 (FAPI 2.0 5.2.2 lets them).
      tls: { cert_file: certFile, key_file: keyFile, minimum_version: '1.2' },
      // On the same port, as clients find the token endpoint where they look first.
      mtls: { from: 'tls' },
    },
    policy: {
      port: await freePort(),
      bundle: {
        path: desk.path,
        keys: [{ id: KEY_ID, key_file: desk.publicKeyFile, algorithm: 'ES256' }],
        minimum_version: 1,
      },
    },
    egress: { clients: { allow: [suite.host] } },
    store: { kind: 'sqlite', path: file('store.sqlite') },
    log: { directory: file('log') },
  }
  writeFileSync(configFile, stringify(settings), { mode: 0o600 })
  return { configFile, credentials, certificates }
}
