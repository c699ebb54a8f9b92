/** A new decision in a copy of the repository: it builds as it is, and the mirror stays red until the code asks it. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findCompiler, REPOSITORY } from './build/compiler.ts'

let root: string
let opa: string
beforeAll(async () => {
  opa = (await findCompiler()).path
  root = await mkdtemp(join(tmpdir(), 'sallyport-decision-'))
  for (const part of [
    'policies',
    'policy-tests',
    'bundles',
    'scripts',
    'src',
    'test/mirror',
    'package.json',
    'biome.json',
  ]) {
    await cp(join(REPOSITORY, part), join(root, part), { recursive: true })
  }
  await symlink(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'))
})
afterAll(() => rm(root, { recursive: true }))

const node = (...args: readonly string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const options = { cwd: root, env: { ...process.env, OPA: opa } }
    execFile(process.execPath, args, options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })

const mirror = async (): Promise<string[]> => {
  const program = `import { mirrorViolations } from './test/mirror/violations.ts'
    console.log(JSON.stringify(await mirrorViolations('.')))`
  const { code, stdout, stderr } = await node('--input-type=module', '--eval', program)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

const COMMITTED = ['src', 'policies', 'policy-tests', 'scripts']

it('writes a decision that builds, and that the mirror asks the code for', async () => {
  expect(await mirror()).toEqual([])
  expect(await node('scripts/new-decision.ts', 'made_up')).toMatchObject({ code: 0 })
  expect(await readFile(join(root, 'src/policy-engine/contract/index.ts'), 'utf8')).toContain('made_up: madeUp,')
  const biome = join('node_modules', '@biomejs/biome/bin/biome')
  expect(await node(biome, 'check', ...COMMITTED)).toMatchObject({ code: 0 })
  expect(await mirror()).toEqual([
    'bundle: lacks authz/made_up/decision',
    'src/auth/oauth/made-up.ts: does not ask made_up',
  ])
  expect(await node('scripts/build-bundles.ts')).toMatchObject({ code: 0, stderr: '' })
  const asking = join(root, 'src/auth/oauth/made-up.ts')
  await mkdir(dirname(asking), { recursive: true })
  await writeFile(asking, "export const ask = (decide: (name: string) => unknown) => decide('made_up')\n")
  expect(await mirror()).toEqual([])
})

it('overwrites nothing', async () => {
  expect(await node('scripts/new-decision.ts', 'token')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('policies/authz/token.rego: is there already'),
  })
})

it('refuses a name that Rego would not take', async () => {
  for (const name of ['Device', 'device-code', '../x', '']) {
    expect(await node('scripts/new-decision.ts', name)).toMatchObject({ code: 2 })
  }
})
