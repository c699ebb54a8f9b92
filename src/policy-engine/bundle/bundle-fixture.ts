/** For tests: small bundles built by the real compiler and signed, one build per distinct source. */
import { spawnSync } from 'node:child_process'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { readArchive, writeArchive } from './archive.ts'
import { type BundleFiles, MANIFEST, revisionOf, SIGNATURES } from './digest.ts'
import { type BundleKey, signBundle } from './signature.ts'

const OPA = resolve(process.env.OPA ?? '.toolchain/opa')
const CACHE = join(tmpdir(), `bundle-fixtures-${process.getuid?.() ?? 0}`)

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const FIXTURE_SIGNER = pair.privateKey.export({ type: 'sec1', format: 'pem' }).toString()
export const FIXTURE_KEYS: readonly BundleKey[] = [
  { id: 'test', algorithm: 'ES256', key: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString() },
]

export interface FixtureSource {
  /** Rego text by path, e.g. `authz/revoke.rego`. */
  readonly rego: Readonly<Record<string, string>>
  readonly data?: Readonly<Record<string, unknown>>
  readonly entrypoints: readonly string[]
  readonly roots: readonly string[]
}

/** Unsigned files of the built bundle, with the revision in the manifest. */
export async function buildFixture(source: FixtureSource): Promise<BundleFiles> {
  const key = createHash('sha256').update(JSON.stringify(source)).digest('hex')
  const cached = join(CACHE, `${key}.tar.gz`)
  if (!existsSync(cached)) compile(source, cached)
  const files = new Map(await readArchive(readFileSync(cached)))
  const manifest = JSON.parse(Buffer.from(files.get(MANIFEST) ?? '').toString()) as Record<string, unknown>
  return files.set(MANIFEST, Buffer.from(JSON.stringify({ ...manifest, revision: revisionOf(files) })))
}

export function signFixture(files: BundleFiles, version: number): BundleFiles {
  const text = signBundle(files, { privateKey: FIXTURE_SIGNER, keyId: 'test', version })
  return new Map(files).set(SIGNATURES, Buffer.from(text))
}

/** Bytes of a signed archive. */
export const packFixture = async (source: FixtureSource, version: number): Promise<Uint8Array> =>
  writeArchive(signFixture(await buildFixture(source), version))

function compile(source: FixtureSource, target: string): void {
  const tree = mkdtempSync(join(tmpdir(), 'bundle-fixture-'))
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(tree, name)), { recursive: true })
    writeFileSync(join(tree, name), text)
  }
  for (const [name, text] of Object.entries(source.rego)) write(`p/${name}`, text)
  write('p/data.json', JSON.stringify(source.data ?? {}))
  write('p/.manifest', JSON.stringify({ roots: source.roots }))
  const entrypoints = source.entrypoints.flatMap((entrypoint) => ['-e', entrypoint])
  const args = ['build', '-t', 'wasm', '--wasm-include-print', '-b', 'p', ...entrypoints, '-o', 'out.tar.gz']
  const { status, stdout, stderr } = spawnSync(OPA, args, { cwd: tree, encoding: 'utf8' })
  if (status !== 0) throw new Error(stdout + stderr)
  mkdirSync(CACHE, { recursive: true })
  renameSync(join(tree, 'out.tar.gz'), target)
  rmSync(tree, { recursive: true })
}

const SYSTEM_LOG = `package system.log

mask contains "/input/secret" if not startswith(input.path, "broken/")

mask contains 7 if input.path == "broken/mask"

mask contains {x: y |
	some pair in [["a", 1], ["a", input.path]]
	x := pair[0]
	y := pair[1]
} if {
	input.path == "broken/trap"
}

drop if input.path == "probe/dropped"
`

/** A platform bundle in small: one contract decision, mask, drop, authz, and rules that misbehave on demand. */
export const SMALL: FixtureSource = {
  roots: ['authz', 'system', 'rbac', 'probe', 'broken'],
  entrypoints: [
    'authz/revoke/decision',
    'authz/userinfo/decision',
    'authz/revoke',
    'system/log/mask',
    'system/log/drop',
    'system/authz/allow',
    'probe/echo',
    'probe/conflict',
    'probe/spin',
    'probe/dropped',
    'broken/mask',
    'broken/trap',
  ],
  data: { rbac: { answer: 42 } },
  rego: {
    'authz/revoke.rego': `package authz.revoke

default allow := false

allow if {
	input.client.active
	input.client.client_id == input.token.client_id
}

decision := {"allow": true, "reasons": [], "obligations": {"revoke": "token"}} if {
	allow
	not input.client.client_id in {"undefined", "trap", "wrong"}
}

decision := {"allow": false, "reasons": ["not_owner"]} if not allow

decision := {"allow": true, "reasons": []} if {
	allow
	input.client.client_id == "wrong"
}

decision := {x: y |
	some pair in [["a", 1], ["a", input.client.client_id]]
	x := pair[0]
	y := pair[1]
} if {
	allow
	input.client.client_id == "trap"
}
`,
    'authz/userinfo.rego': `package authz.userinfo

# METADATA
# entrypoint: true
# custom:
#   cache_ttl_seconds: 30
decision := {"allow": true, "reasons": [], "obligations": {
	"claims": [format_int(input.request.time.epoch_seconds, 10)],
	"step_up": "none",
	"acr_values": [],
	"max_age_seconds": 0,
}}
`,
    'probe/probe.rego': `package probe

echo := {"input": input, "answer": data.rbac.answer}

conflict := {x: y |
	some pair in [["a", 1], ["a", input.x]]
	x := pair[0]
	y := pair[1]
}

dropped := "seldom"

# Compares naively and allocates nothing: only its end ends it.
spin := contains(input.hay, input.needle)
`,
    'broken/broken.rego': 'package broken\n\nmask := "seen"\n\ntrap := "seen"\n',
    'system/log.rego': SYSTEM_LOG,
    'system/authz.rego': `package system.authz

default allow := false

allow if input.loopback

allow if input.identity
`,
  },
}

/** The same with mask and drop in one answer; its drop always has one. */
export const WITH_LINE: FixtureSource = {
  ...SMALL,
  entrypoints: [...SMALL.entrypoints, 'system/log/line'],
  rego: {
    ...SMALL.rego,
    'system/log.rego': `${SYSTEM_LOG}
default drop := false

line := {"drop": data.system.log.drop, "mask": data.system.log.mask}
`,
  },
}
