/** The command itself: exit codes, what it prints, JUnit, and the watcher on saves in place and by rename. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { REPOSITORY } from './build/compiler.ts'
import { type Overlay, openOverlay } from './build/overlay-fixture.ts'

const COMMAND = join(import.meta.dirname, 'build-bundles.ts')
const REVOKE = 'policies/authz/revoke.rego'

let own: Overlay
beforeEach(async () => {
  own = await openOverlay()
})
afterEach(() => own.remove())

const run = (...args: readonly string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [COMMAND, ...args], { cwd: REPOSITORY }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })

describe('build-bundles', () => {
  it('helps', async () => {
    const { code, stdout } = await run('--help')
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('usage:') })
  })

  it('refuses what it does not know with exit code 2', async () => {
    const { code, stderr } = await run('--fast')
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('--fast') })
    expect(stderr).not.toContain('positional')
    expect(await run('one', 'two')).toMatchObject({ code: 2, stderr: expect.stringContaining('not two as well') })
  })

  it('finds the committed bundle equal to its sources', async () => {
    expect(await run('--check')).toMatchObject({ code: 0, stderr: '' })
  })

  it('finds a bundle unequal to other sources, naming the file', async () => {
    await own.edit('policies/authz/login.rego', '28800', '28801')
    const cases = 'policy-tests/cases/authz/login.json'
    const text = await readFile(join(REPOSITORY, cases), 'utf8')
    await own.write(cases, text.replaceAll('28800', '28801'))
    const { code, stderr } = await run(own.folder, '--check')
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('login.rego: differs') })
  })

  it('stops on a failing case with file and line, writes no bundle, and reports it as JUnit', async () => {
    await own.edit(REVOKE, ':= "token"', ':= "grant"')
    const [output, junit] = [join(own.folder, 'b.tar.gz'), join(own.folder, 'results/junit.xml')]
    const { code, stderr } = await run(own.folder, '--out', output, '--junit', junit)
    expect(code).toBe(1)
    expect(stderr).toMatch(/nothing is written:\n {2}policy-tests\/cases\/authz\/revoke\.json:\d+: case fails/)
    expect(stderr).toMatch(/state it in a file of that path in your policy-tests\//)
    expect(await readFile(junit, 'utf8')).toMatch(
      /name="an access token goes alone[^>]*><failure message="[^"]*revoke\.json/,
    )
    await expect(readFile(output)).rejects.toThrow('ENOENT')
  })

  it('points at a key that is not there and a version that is none', async () => {
    expect(await run('--out', join(own.folder, 'x'), '--sign-key', '/none.pem')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--sign-key /none.pem'),
    })
    const noKey = join(own.folder, 'no.pem')
    await writeFile(noKey, 'no key')
    expect(await run('--out', join(own.folder, 'x'), '--sign-key', noKey)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is no P-256 private key'),
    })
    const key = join(own.folder, 'k.pem')
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    expect(await run('--out', join(own.folder, 'x'), '--sign-key', key, '--version', '1.5')).toMatchObject({ code: 1 })
  })
})

describe('build-bundles --watch --activate-first', () => {
  let child: ChildProcess | undefined
  afterEach(async () => {
    if (child === undefined || child.exitCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  })

  it('builds on a save in place and on one by rename, and shows failing cases without stopping', async () => {
    await own.write('policy-tests/notes.md', '')
    await own.edit(REVOKE, ':= "token"', ':= "token"')
    const output = join(own.folder, 'out/b.tar.gz')
    child = spawn(process.execPath, [COMMAND, own.folder, '--watch', '--activate-first', '--out', output], {
      cwd: REPOSITORY,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const seen = follow(child)
    await seen(/^watching/)
    const source = await readFile(join(own.folder, REVOKE), 'utf8')

    const built = seen(/^built .* revision/)
    const failed = seen(/case fails: an access token goes alone/)
    await writeFile(join(own.folder, REVOKE), source.replace(':= "token"', ':= "grant"'))
    await built
    await failed

    const again = seen(/^built .* revision/)
    const passed = seen(/tests, 0 failed/)
    await writeFile(join(own.folder, 'next.tmp'), source)
    await rename(join(own.folder, 'next.tmp'), join(own.folder, REVOKE))
    await again
    await passed

    const refused = seen(/rego_parse_error/)
    await writeFile(join(own.folder, REVOKE), `${source}\nallow if {\n`)
    await refused
    expect(child.exitCode).toBeNull()
  })
})

/** Resolves with the first line from now on that fits. */
function follow(process: ChildProcess): (pattern: RegExp) => Promise<string> {
  const waiting = new Set<(line: string) => void>()
  for (const stream of [process.stdout, process.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (line) => {
      for (const look of waiting) look(line)
    })
  }
  return (pattern) =>
    new Promise((resolve) => {
      const look = (line: string) => {
        if (!pattern.test(line)) return
        waiting.delete(look)
        resolve(line)
      }
      waiting.add(look)
    })
}
