import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { deploy } from '../../../test/servers/deployment.ts'
import { startSallyport } from '../../../test/servers/sallyport.ts'

const root = mkdtempSync(join(tmpdir(), 'sallyport-serve-'))
afterAll(() => rmSync(root, { recursive: true }))
const kek = () => randomBytes(32).toString('base64')

interface Refused {
  readonly settings?: object
  readonly words?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly folder?: string
}
const freshFolder = () => mkdtempSync(join(root, 'instance-'))
const KEYS = { keys: [{ id: 'a', key_file: 'a.pem', algorithm: 'ES256' }], minimum_version: 1 }

async function refusal({
  settings = {},
  words = ['serve'],
  env = {},
  folder = freshFolder(),
}: Refused): Promise<string> {
  writeFileSync(join(folder, 'a.pem'), 'no key')
  writeFileSync(join(folder, 'sallyport.yaml'), stringify({ auth: { port: 0 }, ...settings }))
  const sallyport = startSallyport(words, { cwd: folder, env })
  expect(await sallyport.ended).toBe(1)
  expect(sallyport.said).not.toMatch(/ {4}at /)
  return sallyport.said
}

test('refuses to start without a trusted bundle key', async () => {
  expect(await refusal({ env: { SALLYPORT_KEK: kek() } })).toMatch(/no bundle key is trusted/)
  expect(await refusal({ words: ['serve', 'policy'] })).toMatch(/no bundle key is trusted/)
})

test('never makes keys: an empty store, another envelope key or none stops it', async () => {
  const folder = freshFolder()
  const settings = { policy: { bundle: KEYS } }
  const env = { SALLYPORT_KEK: kek() }
  expect(await refusal({ settings, folder })).toMatch(/no envelope key/)
  expect(await refusal({ settings, folder, env })).toMatch(/the store is empty: run `sallyport init` first/)
  const init = startSallyport(['init'], { cwd: folder, env })
  expect(await init.ended).toBe(0)
  expect(await refusal({ settings, folder, env: { SALLYPORT_KEK: kek() } })).toMatch(/does not fit this store/)
})

test('serve auth needs the address of a policy service', async () => {
  const folder = freshFolder()
  const env = { SALLYPORT_KEK: kek() }
  await startSallyport(['init'], { cwd: folder, env }).ended
  expect(await refusal({ words: ['serve', 'auth'], folder, env })).toMatch(/needs policy\.url/)
})

test('refuses plain http beyond loopback unless TLS is ended in front', async () => {
  expect(await refusal({ settings: { auth: { host: '0.0.0.0' } } })).toMatch(/sallyport\.yaml:2: auth\.host plain http/)
})

test('two nodes started at once on one store sign with the same keys, and end cleanly', async () => {
  const deployment = await deploy('redis')
  try {
    const second = deployment.run('serve', '--set', 'auth.port=0', '--set', 'policy.port=0')
    const [, address] = await second.says(/auth service on (http:\S+),/)
    const keysOf = async (issuer: string) => (await fetch(`${issuer}/oauth/jwks`)).json()
    expect(await keysOf(address ?? '')).toEqual(await keysOf(deployment.issuer))
    expect(await second.stop()).toBe(0)
    expect(await deployment.auth.stop('SIGINT')).toBe(0)
  } finally {
    await deployment.stop()
  }
})

test('the policy service gets by with a Redis user that reaches nothing but the marks, as deploy/ has it', async () => {
  const deployment = await deploy('split')
  try {
    const rules = ['SETUSER', 'policy', 'on', '>policy-password', '~sallyport:mark:*', '+@all', '-@dangerous', '-acl']
    await deployment.redis?.command('ACL', ...rules, '+info')
    const user = ['store.redis.username=policy', `store.redis.password_file=${join(root, 'policy-password')}`]
    writeFileSync(join(root, 'policy-password'), 'policy-password')
    const words = [...user, 'policy.port=0'].flatMap((setting) => ['--set', setting])
    const second = deployment.run('serve', 'policy', ...words)
    await second.says(/bundle activated/)
    expect(await second.stop()).toBe(0)
  } finally {
    await deployment.stop()
  }
})
