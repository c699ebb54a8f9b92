import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { COMMANDS } from './commands.ts'

const MAIN = join(import.meta.dirname, '../main.ts')
const folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))
const KEK = Buffer.alloc(32, 3).toString('base64')

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

const sallyport = (words: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { cwd: folder, env: { PATH: process.env.PATH, ...env }, timeout: 60_000 }
    execFile(process.execPath, [MAIN, ...words], options, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err })
    })
  })

test('explains itself, and each command', async () => {
  const general = await sallyport(['--help'])
  expect(general.code).toBe(0)
  for (const command of COMMANDS) expect(general.out).toContain(command.name)
  const [serve] = await Promise.all([sallyport(['serve', '--help'])])
  expect(serve.out).toContain('--dev')
})

test.each(COMMANDS.map((command) => [command.name, command] as const))(
  '%s has a page of help',
  async (name, command) => {
    const { code, out } = await sallyport([...name.split(' '), '--help'])
    expect(code).toBe(0)
    expect(out).toContain(`sallyport ${name}`)
    for (const option of Object.keys(command.options)) expect(out).toContain(`--${option}`)
  },
)

test('help of a word is the help of that command or group', async () => {
  const [group, command] = await Promise.all([sallyport(['help', 'keys']), sallyport(['help', 'keys', 'list'])])
  expect([group.code, group.out.match(/^ {2}\w+/gm)]).toEqual([0, Array(4).fill('  keys')])
  expect([command.code, command.out]).toEqual([0, expect.stringMatching(/^Usage: sallyport keys list /)])
  const [general] = await Promise.all([sallyport(['help'])])
  for (const { name } of COMMANDS) expect(general.out).toContain(name)
})

test('writes all of an answer that no pipe holds at once', async () => {
  const whole = await sallyport(['config', 'schema'])
  expect(whole.out.length).toBeGreaterThan(64 * 1024)
  // A shell's own pipe takes 64 KiB; its reader takes the first line byte by byte.
  const slowly = '"$0" "$@" | { read -r line; printf "%s\\n" "$line"; cat; }'
  const words = ['-c', slowly, process.execPath, MAIN, 'config', 'schema']
  const read = await new Promise<string>((resolve) => {
    execFile('sh', words, { cwd: folder, timeout: 60_000 }, (_error, out) => resolve(out))
  })
  expect(read.length).toBe(whole.out.length)
  expect(JSON.parse(read)).toEqual(JSON.parse(whole.out))
})

test.each([
  [['sevre'], /there is no command sevre/],
  [['help', 'nonsense'], /there is no command nonsense/],
  [['nonsense', '--help'], /there is no command nonsense/],
  [['config'], /needs one of: config show, config schema/],
  [['serve', 'everything'], /does not take everything/],
  [['serve', 'auth', 'policy'], /does not take policy/],
  [['serve', '--dve'], /'--dve'\nsallyport: see: sallyport serve --help\n$/],
  [['init', '--config'], /--config/],
])('refuses %j as wrong usage, in one line', async (words, message) => {
  const { code, err } = await sallyport(words)
  expect(code).toBe(2)
  expect(err).toMatch(message)
  expect(err).not.toMatch(/ {4}at /)
})

test('shows the configuration in force, with secrets masked', async () => {
  const { code, out } = await sallyport(['config', 'show', '--set', 'auth.port=9999'], { SALLYPORT_KEK: KEK })
  expect(code).toBe(0)
  expect(out).toContain('port: 9999')
  expect(out).not.toContain(KEK)
})

test('prints a JSON Schema, and its version', async () => {
  expect(JSON.parse((await sallyport(['config', 'schema'])).out)).toHaveProperty('properties.issuer')
  expect((await sallyport(['--version'])).out).toMatch(/^sallyport \d+\.\d+\.\d+ \(node 26\./)
})

test('stops on a wrong configuration with file and line', async () => {
  writeFileSync(join(folder, 'wrong.yaml'), 'auth:\n  prot: 1\n')
  const { code, err } = await sallyport(['config', 'show', '--config', 'wrong.yaml'])
  expect(code).toBe(1)
  expect(err).toMatch(/^sallyport: wrong\.yaml:2: auth\.prot is no known setting/)
})

test('a store that cannot be reached is told in one line: where, and why', async () => {
  const redis = 'store:\n  kind: redis\n  redis:\n    nodes: ["127.0.0.1:1"]\n    username: u\n    password: canary\n'
  writeFileSync(join(folder, 'redis.yaml'), redis, { mode: 0o600 })
  const { code, err } = await sallyport(['init', '--config', 'redis.yaml'], { SALLYPORT_KEK: KEK })
  expect([code, err]).toEqual([1, 'sallyport: redis at 127.0.0.1:1 cannot be reached: ECONNREFUSED\n'])
})

test('initialises a store once: of two at once one prints a credential, and the store keeps none', async () => {
  const both = await Promise.all([
    sallyport(['init'], { SALLYPORT_KEK: KEK }),
    sallyport(['init'], { SALLYPORT_KEK: KEK }),
  ])
  expect(both.map((ended) => ended.code).toSorted()).toEqual([0, 1])
  const won = both.find((ended) => ended.code === 0)
  const lost = both.find((ended) => ended.code === 1)
  const secret = /^[A-Za-z0-9_-]{43}$/m.exec(won?.out ?? '')?.[0] ?? ''
  expect(secret).toMatch(/^[\w-]{43}$/)
  expect(lost?.out).toBe('')
  expect(lost?.err).toMatch(/initialised before/)
  const file = join(folder, 'var/sallyport.sqlite')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(file).includes(secret)).toBe(false)

  const otherKey = Buffer.alloc(32, 4).toString('base64')
  const later = await sallyport(['init'], { SALLYPORT_KEK: otherKey })
  expect(later.code).toBe(1)
  expect(later.err).toMatch(/does not fit this store/)
})

test('makes no key without an envelope key', async () => {
  const { code, err } = await sallyport(['init'])
  expect(code).toBe(1)
  expect(err).toMatch(/no envelope key: set SALLYPORT_KEK/)
})
