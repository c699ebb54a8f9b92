/** The scripts in examples/ do what they say, against the demo, with no package that `make run` does not bring. */
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DevCredentials } from '../../src/cli/dev/credentials.ts'
import { importsOf } from '../boundaries/imports.ts'
import { Browser } from '../servers/browser.ts'
import { freePort } from '../servers/free-port.ts'
import { type Sallyport, startSallyport } from '../servers/sallyport.ts'

const EXAMPLES = resolve('examples')
const folder = mkdtempSync(join(tmpdir(), 'sallyport-examples-'))
const file = join(folder, 'var/dev/credentials.json')
const env = { ...process.env, DEMO_CREDENTIALS: file }
let sallyport: Sallyport
let credentials: DevCredentials

beforeAll(async () => {
  const ports = { AUTH_PORT: String(await freePort()), POLICY_PORT: String(await freePort()) }
  sallyport = startSallyport(['serve', '--dev'], { cwd: folder, env: ports })
  await sallyport.says(/ready in \d+ ms/, 60_000)
  credentials = JSON.parse(readFileSync(file, 'utf8'))
})
afterAll(async () => {
  await sallyport?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function sh(name: string, ...words: string[]): Promise<Record<string, unknown>[]> {
  const { stdout } = await promisify(execFile)('sh', [join(EXAMPLES, name), ...words], { env })
  return stdout
    .trim()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line))
}

test('client-credentials.sh gets a token, and introspect.sh learns of it (RFC 6749 4.4, RFC 7662)', async () => {
  const [given] = await sh('client-credentials.sh')
  expect(given).toMatchObject({ token_type: 'Bearer' })
  const about = { active: true, client_id: credentials.client.client_id }
  expect(await sh('introspect.sh', String(given?.access_token))).toMatchObject([about])
  expect(await sh('introspect.sh')).toMatchObject([about])
})

test('scim-user.sh makes a user and finds it (RFC 7644 3.3, 3.4.2)', async () => {
  const [made, found] = await sh('scim-user.sh', 'ann')
  expect(made).toMatchObject({ userName: 'ann' })
  expect(found).toMatchObject({ totalResults: 1, Resources: [{ id: made?.id }] })
})

test('code-flow.ts signs a person in, verifies, asks userinfo and refreshes (RFC 6749 4.1, OIDC Core)', async () => {
  const script = spawn(process.execPath, [join(EXAMPLES, 'code-flow.ts')], { env })
  const complaints = text(script.stderr)
  let said = ''
  const address = new Promise<string>((found, missing) => {
    script.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
      const url = /^ {2}(http\S+)$/m.exec(said)?.[1]
      if (url !== undefined) found(url)
    })
    script.once('exit', () => missing(new Error('it ended before it named an address')))
  })
  const ended = new Promise<number | null>((exit) => script.once('close', exit))
  try {
    const { username: userName, password } = credentials.user
    const answer = await new Browser(credentials.issuer).authorize(await address, { userName, password })
    await fetch(answer)
    expect([await ended, await complaints]).toEqual([0, ''])
  } finally {
    script.kill()
  }
  expect(said).toMatch(
    /ID token says \{[\s\S]*userinfo says \{[\s\S]*preferred_username: 'demo'[\s\S]*ends in 300 seconds/,
  )
})

test('they import what is installed without development packages only', () => {
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(readFileSync('package.json', 'utf8'))
  for (const name of readdirSync(EXAMPLES).filter((each) => each.endsWith('.ts')))
    for (const { specifier = '' } of importsOf(readFileSync(join(EXAMPLES, name), 'utf8')))
      if (!specifier.startsWith('node:')) expect(Object.keys(dependencies)).toContain(specifier)
})
