/**
 * `make run-conformance`: serves the provider over TLS for the OpenID Foundation conformance suite, and writes how to drive it,
 * with all secrets, to var/conformance/provider.json. Beside it, the API that the plans of FAPI 2.0 ask. OIDF_ISSUER,
 * OIDF_RESOURCE and OIDF_SUITE move each from its usual address; an argument names another folder.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Sallyport, startSallyport } from '../../servers/sallyport.ts'
import { RESOURCE_CLIENT } from './clients.ts'
import { describeProvider, TEMPLATE } from './describe.ts'
import { makeInstance } from './instance.ts'
import { serveResource } from './resource.ts'
import { certificateAt } from './suite-certificate.ts'

const LOOK_AGAIN_MS = 2_000

const issuer = new URL(process.env.OIDF_ISSUER ?? 'https://localhost:9443')
const resource = new URL(process.env.OIDF_RESOURCE ?? 'https://localhost:9444')
const suite = new URL(process.env.OIDF_SUITE ?? 'https://localhost:8443')
const folder = resolve(process.argv[2] ?? 'var/conformance')
const { alias }: { alias: string } = JSON.parse(readFileSync(TEMPLATE, 'utf8'))

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())

const instance = await makeInstance({ folder, issuer, suite, alias })
writeFileSync(join(folder, 'provider.json'), describeProvider(instance.credentials, resource.origin), { mode: 0o600 })
const trusted = join(folder, 'suite.crt')

async function serve(certificate: string | undefined): Promise<Sallyport> {
  if (certificate !== undefined) writeFileSync(trusted, certificate)
  const trust = certificate === undefined ? [] : ['--set', `egress.clients.ca_file=${trusted}`]
  const started = startSallyport(['serve', '--config', instance.configFile, ...trust], { cwd: folder })
  started.process.stderr?.pipe(process.stderr)
  await started.says(/ready in \d+ ms/)
  return started
}

let known = await certificateAt(suite)
let sallyport = await serve(known)
const { credentials, certificates } = instance
const secret = credentials.secrets[RESOURCE_CLIENT]
const closeResource = await serveResource({ issuer: issuer.origin, resource, certificates, secret })
console.log(
  `${issuer.origin} is ready for the suite at ${suite.origin}; how to drive it: ${join(folder, 'provider.json')}`,
)
if (known === undefined) console.log(`nobody answers at ${suite.origin} yet: its certificate is taken when it starts`)

// A suite that starts later, or again with another certificate, is trusted from then on: what is kept is in the store.
while (!stopping.signal.aborted) {
  await delay(LOOK_AGAIN_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
  const shown = stopping.signal.aborted ? undefined : await certificateAt(suite)
  if (shown === undefined || shown === known) continue
  known = shown
  await sallyport.stop()
  sallyport = await serve(known)
  console.log(`the certificate of ${suite.origin} is trusted`)
}
closeResource()
await sallyport.stop()
