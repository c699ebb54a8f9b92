/** `opa build -t wasm`, then our manifest: deterministic, with the sources as they are written and what they amount to. */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readArchive } from '../../src/policy-engine/bundle/archive.ts'
import { type BundleFiles, MANIFEST, revisionOf } from '../../src/policy-engine/bundle/digest.ts'
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { SYSTEM_ENTRYPOINTS } from '../../src/policy-engine/contract/system.ts'
import { BuildError } from './build-error.ts'
import { COMPILER_VERSION, type Compiler } from './compiler.ts'
import type { Optimization } from './optimization.ts'
import { withPlaces } from './printed-places.ts'
import { sourcesDigest } from './source-files.ts'
import type { Stage } from './stage.ts'

export interface Compiled {
  readonly files: BundleFiles
  readonly revision: string
}

export interface CompileOptions {
  /** Kept in the manifest's metadata. */
  readonly commit?: string | undefined
  readonly optimization?: Optimization | undefined
}

export async function compileBundle(
  stage: Stage,
  compiler: Compiler,
  { commit, optimization }: CompileOptions = {},
): Promise<Compiled> {
  const built = await withPlaces(stage, compiler, () => build(stage, compiler, optimization))
  const files = new Map([...built].filter(([name]) => !name.endsWith('.rego')))
  // The compiler's copies lack the rules that became WASM; whoever explains a decision needs what was written.
  for (const path of stage.files.keys()) {
    if (path.startsWith('policies/') && path.endsWith('.rego')) files.set(path, await stage.read(path))
  }
  const manifest: Record<string, unknown> = JSON.parse(Buffer.from(built.get(MANIFEST) ?? []).toString())
  const metadata = {
    compiler: `opa ${COMPILER_VERSION}`,
    sources_digest: await sourcesDigest(stage.files),
    ...(commit === undefined ? {} : { commit }),
    ...(optimization && { optimize: optimization.level }),
  }
  files.set(MANIFEST, json({ ...manifest, revision: '', metadata }))
  const revision = revisionOf(files)
  files.set(MANIFEST, json({ ...manifest, revision, metadata }))
  return { files, revision }
}

/** Optimised only where the roots were named (`optimization.ts`). */
async function build(stage: Stage, compiler: Compiler, optimization?: Optimization): Promise<BundleFiles> {
  const output = join(stage.root, 'bundle.tar.gz')
  const entrypoints = entrypointsOf(stage).flatMap((entrypoint) => ['--entrypoint', entrypoint])
  const options = [
    '--target',
    'wasm',
    '--wasm-include-print',
    '--bundle',
    '--capabilities',
    'capabilities.json',
    '--output',
    output,
  ]
  const optimize = optimization === undefined ? [] : ['--optimize', String(optimization.level)]
  const args = ['build', ...options, ...optimize, ...entrypoints, 'policies']
  const { code, stdout, stderr } = await compiler.run(args, stage.root)
  if (code !== 0) throw new BuildError(stage.errors(stderr || stdout))
  const archive = await readFile(output)
  await rm(output)
  return readArchive(archive)
}

/** Each decision, and its package for the Data API. METADATA `entrypoint: true` adds more; the compiler reads it itself. */
function entrypointsOf(stage: Stage): string[] {
  const decisions = Object.values(DECISIONS)
    .filter(({ name }) => stage.files.has(`policies/authz/${name}.rego`))
    .flatMap(({ name, entrypoint }) => [entrypoint, `authz/${name}`])
  const system = SYSTEM_ENTRYPOINTS.filter(({ file }) => stage.files.has(`policies/${file}`))
  return [...decisions, ...system.map(({ entrypoint }) => entrypoint)]
}

const json = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value)}\n`)
