/**
 * One bundle server, a bundle that opa built and signed, and two that pull it: the real OPA and we. Both verify it, answer
 * alike, and move on to the next (OPA, "Bundle Service API", "Signing").
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { type BundleServer, startBundleServer } from '../servers/bundle-server.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { type OpaServer, startOpaServer } from '../servers/opa-server.ts'
import { until } from '../servers/until.ts'
import { type Author, bytesOf, makeAuthor } from './opa-tools.ts'

const RESOURCE = 'bundles/app.tar.gz'
const EVERY_SECOND = { min_delay_seconds: 1, max_delay_seconds: 1 }

let folder: string
let author: Author
let server: BundleServer
let ours: Deployment
let opa: OpaServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-server-'))
  author = makeAuthor(folder)
  server = await startBundleServer()
  server.put(bytesOf(author.build(1)))
  const key = { id: author.keyId, key_file: author.publicKeyFile, algorithm: 'ES256' }
  const app = {
    name: 'app',
    service: 'desk',
    resource: RESOURCE,
    polling: EVERY_SECOND,
    keys: [key],
    minimum_version: 1,
  }
  ours = await deploy('one-process', {
    settings: { services: [{ name: 'desk', url: server.url }] as object, policy: { bundles: [app] } },
  })
  const settings = {
    services: { desk: { url: server.url } },
    keys: { [author.keyId]: { key: readFileSync(author.publicKeyFile, 'utf8'), algorithm: 'ES256' } },
    bundles: { app: { service: 'desk', resource: RESOURCE, polling: EVERY_SECOND, signing: { keyid: author.keyId } } },
  }
  writeFileSync(join(folder, 'opa.yaml'), stringify(settings))
  opa = await startOpaServer({ cwd: folder, args: ['--config-file', 'opa.yaml'] })
})
afterAll(async () => {
  await Promise.all([ours?.stop(), opa?.stop()])
  server?.close()
  rmSync(folder, { recursive: true })
})

async function answerOf(origin: string, path: string): Promise<unknown> {
  const body = JSON.stringify({ input: { user: 'alice', spent: 2 } })
  const answer = await fetch(`${origin}/v1/data/${path}`, { method: 'POST', body })
  return ((await answer.json()) as { result?: unknown }).result
}

const bothAnswer = async (path: string, wanted: unknown): Promise<boolean> => {
  const both = await Promise.all([ours.policy, opa.origin].map((origin) => answerOf(origin, path)))
  return both.every((result) => result === wanted)
}

it('both pull it, and answer alike', async () => {
  await until(() => bothAnswer('budget', 1.5), 'both have the first bundle')
  expect(await answerOf(ours.policy, 'app')).toEqual(await answerOf(opa.origin, 'app'))
  expect(await bothAnswer('app/over', true)).toBe(true)
})

it('both move on to the next, and neither takes one that was changed on the way', async () => {
  server.put(bytesOf(author.build(2)))
  await until(() => bothAnswer('budget', 2.5), 'both have the next bundle')
  expect(await bothAnswer('app/over', false)).toBe(true)

  const damaged = bytesOf(author.build(3))
  damaged[damaged.length - 20] = (damaged.at(-20) ?? 0) ^ 1
  const before = server.requests.length
  server.put(damaged)
  // Two more requests of each.
  await server.seen(before + 4)
  expect(await bothAnswer('budget', 2.5)).toBe(true)
  await until(async () => (await ours.status()).bundles.app?.code !== undefined, 'what came is refused, and said so')
})
