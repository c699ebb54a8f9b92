/** For tests: what a policy author has who knows OPA alone: a policy, a key, `opa build` and `opa sign`. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeKeyPair } from '../servers/bundle-desk.ts'
import { OPA } from '../servers/opa-server.ts'

const FILES: Readonly<Record<string, string>> = {
  'app/app.rego': `package app

default allow := false

allow if {
	some team in teams
	"write" in data.teams[team].rights
}

teams contains name if {
	some name, team in data.teams
	input.user in team.members
}

over := input.spent > data.budget

report := sprintf("%v of %d, %s", [teams, data.budget, time.format([0, "UTC", "RFC1123"])])
`,
  'teams/data.json':
    '{"red":{"members":["alice","bob"],"rights":["read","write"]},"blue":{"members":["bob","eve"],"rights":["read"]}}',
  'data.json': '{"budget":1.50}',
  '.manifest': '{"roots":["app","teams","budget"],"revision":"made-by-opa"}',
}

export interface Author {
  readonly publicKeyFile: string
  readonly keyId: string
  /** An archive, signed while it was built; later versions have another budget. */
  build(version: number): string
  /** The same as a folder that was signed afterwards, by `opa sign`. */
  signFolder(version: number): string
}

export function makeAuthor(folder: string): Author {
  const file = (name: string) => join(folder, name)
  const { privateKey, publicKey } = makeKeyPair()
  const keyId = 'author'
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(file(name)), { recursive: true })
    writeFileSync(file(name), text)
  }
  const opa = (args: readonly string[], cwd = folder) => execFileSync(OPA, args, { cwd, encoding: 'utf8' })
  write('author.pem', privateKey)
  write('author.pub.pem', publicKey)
  const signer = ['--signing-key', file('author.pem'), '--signing-alg', 'ES256', '--claims-file', file('claims.json')]
  const compile = (version: number, output: string, ...more: string[]) => {
    for (const [name, text] of Object.entries(FILES)) write(`src/${name}`, text.replace('1.50', `${version}.50`))
    // OPA names the key in the payload only.
    write('claims.json', JSON.stringify({ version, keyid: keyId }))
    opa(['build', '-t', 'wasm', '-b', 'src', '-e', 'app', '-e', 'app/allow', '-o', output, ...more])
    return file(output)
  }
  return {
    publicKeyFile: file('author.pub.pem'),
    keyId,
    build: (version) => compile(version, `built-${version}.tar.gz`, ...signer),
    signFolder: (version) => {
      const archive = compile(version, `unsigned-${version}.tar.gz`)
      const unpacked = `signed-${version}`
      mkdirSync(file(unpacked))
      execFileSync('tar', ['xzf', archive, '-C', unpacked], { cwd: folder, stdio: 'pipe' })
      // From inside: it takes the names as it is given them.
      opa(['sign', ...signer, '--bundle', '.', '--output-file-path', '.'], file(unpacked))
      return file(unpacked)
    },
  }
}

export const bytesOf = (path: string): Buffer => readFileSync(path)
