/** Both services over TLS of their own, as processes that are configured as an operator would. RFC 8446. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Certificates, makeCertificate, makeCertificates, trustAuthority } from '../servers/certificates.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { adminToken } from '../servers/provision.ts'

let folder: string
let tls: Certificates
let running: Deployment | undefined

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tls-flow-'))
  tls = await makeCertificates(folder)
  trustAuthority(tls)
})
afterEach(async () => {
  await running?.stop()
  running = undefined
})
afterAll(() => rmSync(folder, { recursive: true }))

test('serve answers over TLS on both ports, under an https issuer', async () => {
  running = await deploy('one-process', { tls })
  expect(running.auth.said).toMatch(/auth service on https:\/\/127\.0\.0\.1:\d+, policy service on /)
  const discovery = await fetch(`${running.issuer}/.well-known/openid-configuration`)
  expect(await discovery.json()).toMatchObject({
    issuer: running.issuer,
    token_endpoint: `${running.issuer}/oauth/token`,
  })
  expect(discovery.headers.get('strict-transport-security')).toContain('max-age=')
  expect(await adminToken(running.issuer, running.population.admin)).toMatch(/^ey/)
  expect((await running.askPolicy('/health')).status).toBe(200)
  await expect(fetch(running.issuer.replace('https:', 'http:'))).rejects.toThrow()
}, 60_000)

test('serve stops on a certificate without its key, and names the file (ConfigError)', async () => {
  const other = await makeCertificate(folder, 'other', { subject: '/CN=other' })
  cpSync(other.keyFile, join(folder, 'wrong.key'))
  const wrong = { cert_file: tls.certFile, key_file: join(folder, 'wrong.key') }
  for (const service of ['auth', 'policy'])
    await expect(deploy('one-process', { tls, settings: { [service]: { tls: wrong } } })).rejects.toThrow(
      new RegExp(`${service}\\.tls: .*wrong\\.key is not the key of the certificate in .*tls\\.crt`),
    )
}, 60_000)
