/** `make bundles`: policies → checks → tests → WASM → manifest → signature. See --help. */
import { execFileSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { type BuildOptions, type BuiltBundle, buildBundle } from './build/build-bundle.ts'
import { BuildError } from './build/build-error.ts'
import { differences } from './build/compare.ts'
import { REPOSITORY } from './build/compiler.ts'
import { junit } from './build/junit.ts'
import { readOptimization } from './build/optimization.ts'
import { publish, published, publishedSources, type Signer } from './build/publish.ts'
import type { TestReport } from './build/run-tests.ts'
import { findSources, shownPath, sourcesDigest } from './build/source-files.ts'
import { watchSources } from './build/watch.ts'

const HELP = `usage: node scripts/build-bundles.ts [folder] [options]

Checks, tests and compiles the policies, and writes a bundle.

  folder              a policy repository of your own (policies/, policy-tests/), laid over ours by path
  --replace           leave ours out; only the folder's policies are built
  --out FILE          where the bundle goes (bundles/sallyport.tar.gz)
  --sign-key FILE     private key (PEM, ES256) to sign with; without it the bundle is unsigned
  --key-id ID         name of that key in the signature (default)
  --version N         integer claim of the signature; grows with each one (UTC milliseconds)
  --expires-in N      seconds until the bundle ends (claim exp); without it, it does not
  --commit            keep the git commit in the manifest's metadata
  --optimize N        partial evaluation, 1 or 2; needs --root for each folder of policies/, which the bundle then
                      owns whole: data that arrive there at run time would count as empty
  --root NAME         see --optimize
  --watch             build again on every save
  --activate-first    write the bundle before the tests run; failing tests are shown and stop nothing
  --check             write nothing; fail unless the bundle there holds what a build gives
  --junit FILE        results of the policy tests as JUnit XML
  --help
`

const { values: flags, positionals } = readArguments()
const sources = { folder: positionals[0], replace: flags.replace }
const output = flags.out ?? join(REPOSITORY, 'bundles/sallyport.tar.gz')

/** So many faults are shown at a save; the first ones are what to mend. */
const SHOWN_WHILE_WATCHING = 10

/** Whether what is being built went out before something failed. */
let written = false

if (flags.help === true) process.stdout.write(HELP)
else if (flags.watch === true) await watchAndBuild()
else process.exitCode = (await attempt(flags.check === true ? check : build)) ? 0 : 1

function readArguments() {
  try {
    const parsed = parseArgs({
      allowPositionals: true,
      options: {
        replace: { type: 'boolean' },
        out: { type: 'string' },
        'sign-key': { type: 'string' },
        'key-id': { type: 'string', default: 'default' },
        version: { type: 'string' },
        'expires-in': { type: 'string' },
        commit: { type: 'boolean' },
        optimize: { type: 'string' },
        root: { type: 'string', multiple: true },
        watch: { type: 'boolean' },
        'activate-first': { type: 'boolean' },
        check: { type: 'boolean' },
        junit: { type: 'string' },
        help: { type: 'boolean' },
      },
    })
    const [, stray] = parsed.positionals
    if (stray !== undefined) throw new Error(`one folder only, not ${stray} as well`)
    return parsed
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    process.stderr.write(`${message.replace(/\. To specify a positional.*/, '')}\n\n${HELP}`)
    process.exit(2)
  }
}

async function build(superseded?: AbortSignal): Promise<void> {
  const began = performance.now()
  const signer = await readSigner()
  const write = async (built: BuiltBundle) => {
    await publish(built.files, output, signer).catch((cause: NodeJS.ErrnoException) => {
      throw cause.code === undefined ? cause : new BuildError(`${shownPath(output)}: cannot be written: ${cause.code}`)
    })
    written = true
    const took = Math.round(performance.now() - began)
    console.log(`built ${shownPath(output)} revision ${built.revision.slice(0, 12)} in ${took} ms`)
  }
  const first = flags['activate-first'] === true
  written = false
  const built = await buildBundle({
    ...options(),
    ...(first && { activate: write, ...(superseded && { superseded }) }),
  })
  if (!first) await write(built)
}

async function check(): Promise<void> {
  const built = await buildBundle(options())
  const found = differences(built.files, await published(output))
  if (found.length === 0) console.log(`${shownPath(output)} holds what its sources give`)
  else
    throw new BuildError(
      ...found.map((line) => `${shownPath(output)}: ${line}`),
      'run make bundles and commit the result',
    )
}

async function watchAndBuild(): Promise<void> {
  const watcher = await watchSources(sources, async (superseded) => void (await attempt(() => build(superseded))))
  const unchanged = async () =>
    (await sourcesDigest((await findSources(sources)).files)) === (await publishedSources(output))
  if (!(await unchanged().catch(() => false))) await attempt(build)
  console.log('watching policies/ and policy-tests/')
  const stop = () => void watcher.close().then(() => process.exit(0))
  process.once('SIGINT', stop).once('SIGTERM', stop)
}

function options(): BuildOptions {
  return {
    ...sources,
    commit: flags.commit === true ? head() : undefined,
    optimization: readOptimization(flags.optimize, flags.root),
    onTests: report,
  }
}

async function report({ tests }: TestReport): Promise<void> {
  const failed = tests.filter(({ failure }) => failure !== undefined).length
  console.log(`${tests.length} policy tests, ${failed} failed`)
  if (flags.junit === undefined) return
  await mkdir(dirname(flags.junit), { recursive: true })
  await writeFile(flags.junit, junit(tests))
}

function head(): string {
  const cwd = sources.folder ?? REPOSITORY
  return execFileSync('git', ['rev-parse', 'HEAD'], { cwd, encoding: 'utf8' }).trim()
}

async function readSigner(): Promise<Signer | undefined> {
  if (flags['sign-key'] === undefined) return undefined
  const version = flags.version === undefined ? undefined : Number(flags.version)
  if (version !== undefined && !(Number.isSafeInteger(version) && version >= 0)) {
    throw new BuildError(`--version ${flags.version}: must be a non-negative integer`)
  }
  const expiresIn = flags['expires-in'] === undefined ? undefined : Number(flags['expires-in'])
  if (expiresIn !== undefined && !(Number.isSafeInteger(expiresIn) && expiresIn > 0)) {
    throw new BuildError(`--expires-in ${flags['expires-in']}: must be a positive number of seconds`)
  }
  const privateKey = await readFile(flags['sign-key'], 'utf8').catch(() => {
    throw new BuildError(`--sign-key ${flags['sign-key']}: cannot be read`)
  })
  if (!isSigningKey(privateKey)) throw new BuildError(`--sign-key ${flags['sign-key']}: is no P-256 private key in PEM`)
  return { privateKey, keyId: flags['key-id'], version, expiresInSeconds: expiresIn }
}

function isSigningKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1'
  } catch {
    return false
  }
}

async function attempt(step: () => Promise<void>): Promise<boolean> {
  try {
    await step()
    return true
  } catch (cause) {
    // While editors save, files come and go under a build: the next event builds again.
    if (!(cause instanceof BuildError || flags.watch === true)) throw cause
    const lines = cause instanceof BuildError ? cause.lines : [cause instanceof Error ? cause.message : String(cause)]
    const unwritten = flags.check === true ? 'the check fails:' : 'the policies do not build, nothing is written:'
    const what = written ? 'the bundle is written, but:' : unwritten
    console.error([what, ...shown(lines)].join('\n').replaceAll('\n', '\n  '))
    return false
  }
}

function shown(lines: readonly string[]): readonly string[] {
  const first = flags.watch === true ? lines.slice(0, SHOWN_WHILE_WATCHING) : lines
  const more = lines.length - first.length
  const cases = lines.some((line) => line.includes(': case fails: '))
  const place =
    sources.folder === undefined || flags.replace
      ? 'the table named above'
      : 'a file of that path in your policy-tests/'
  return [
    ...first,
    ...(more > 0 ? [`and ${more} more: make bundles shows all`] : []),
    ...(cases ? [`a case states what its rule answers; where the new answer is meant, state it in ${place}`] : []),
  ]
}
