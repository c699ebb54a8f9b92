/** Published bundles: signed so that OPA itself verifies them, versions that only grow, nothing half-written. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readArchive, writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { verifySignature } from '../../src/policy-engine/bundle/signature.ts'
import { differences } from './compare.ts'
import { findCompiler, REPOSITORY } from './compiler.ts'
import { publish, published, publishedSources } from './publish.ts'
import { findSources, sourcesDigest } from './source-files.ts'

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const keys = [{ id: 'k', algorithm: 'ES256', key: publicKey }] as const

let folder: string
let files: ReadonlyMap<string, Uint8Array>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-publish-'))
  files = await readArchive(await readFile(join(REPOSITORY, 'bundles/sallyport.tar.gz')))
})
afterAll(() => rm(folder, { recursive: true }))

const verifiedByOpa = async (bundle: string): Promise<string> => {
  const key = join(folder, 'public.pem')
  await writeFile(key, publicKey)
  const args = ['--verification-key', key, '--verification-key-id', 'k', '--signing-alg', 'ES256']
  const compiler = await findCompiler()
  const { code, stdout, stderr } = await compiler.run(['build', '-b', bundle, ...args, '-o', `${bundle}.out`], folder)
  return code === 0 ? 'accepted' : stderr || stdout
}

it('is accepted by OPA with the public key, and refused once a file was changed', async () => {
  const output = join(folder, 'signed.tar.gz')
  await publish(files, output, { privateKey, keyId: 'k' })
  expect(await verifiedByOpa(output)).toBe('accepted')
  const changed = new Map(await published(output)).set('data.json', Buffer.from('{"rbac":{}}'))
  const tampered = join(folder, 'tampered.tar.gz')
  await writeFile(tampered, await writeArchive(changed))
  expect(await verifiedByOpa(tampered)).toContain('digest mismatch')
})

it('gives each bundle a higher version than the one it replaces', async () => {
  const output = join(folder, 'versions.tar.gz')
  const future = Date.now() + 60_000
  await publish(files, output, { privateKey, keyId: 'k', version: future })
  expect(verifySignature(await published(output), keys).version).toBe(future)
  await publish(files, output, { privateKey, keyId: 'k' })
  expect(verifySignature(await published(output), keys).version).toBe(future + 1)
})

it('says until when it stands, where it is told (RFC 7519 4.1.4)', async () => {
  const output = join(folder, 'ends.tar.gz')
  await publish(files, output, { privateKey, keyId: 'k', expiresInSeconds: 3600 })
  const { issuedAt = 0, expiresAt } = verifySignature(await published(output), keys)
  expect(expiresAt).toBe(issuedAt + 3600)
})

it('leaves nothing beside it, and an unsigned bundle byte for byte the same', async () => {
  const output = join(folder, 'alone/bundle.tar.gz')
  await publish(files, output)
  const first = await readFile(output)
  await publish(files, output)
  expect(await readFile(output)).toEqual(first)
  expect(await readdir(join(folder, 'alone'))).toEqual(['bundle.tar.gz'])
})

it('knows the sources of the committed bundle', async () => {
  const { files: sources } = await findSources({})
  expect(await publishedSources(join(REPOSITORY, 'bundles/sallyport.tar.gz'))).toBe(await sourcesDigest(sources))
  expect(await publishedSources(join(folder, 'none.tar.gz'))).toBeUndefined()
})

it('names each file that differs, is missing or is too much', () => {
  const found = new Map(files).set('data.json', Buffer.from('{}')).set('extra.rego', Buffer.from(''))
  found.delete('policy.wasm')
  expect(differences(files, found)).toEqual([
    'data.json: differs from its sources',
    'extra.rego: no longer part of the bundle',
    'policy.wasm: missing from the bundle',
  ])
})
