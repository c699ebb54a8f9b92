/**
 * From files to a bundle that may serve: size → signature and digests → age → version → compile → self-check. Any failure
 * refuses.
 */
import { readFile, stat } from 'node:fs/promises'
import { type Static, Type } from '../../schema/type.ts'
import { compile as compileSchema } from '../../schema/validator.ts'
import { BundleError, type VerifiedBundle } from '../engine.ts'
import { parseExact } from '../exact-json.ts'
import { isObject } from '../node/data-path.ts'
import type { PolicyImage } from '../wasm/image.ts'
import { nondeterministicEntrypoints } from '../wasm/nondeterminism.ts'
import { compileFor, DEFAULT_ENGINE, type Engine, imageOf, type PolicyModules } from '../wasm/open.ts'
import { type ArchiveLimits, DEFAULT_LIMITS, readArchive, readFolder, writeArchive } from './archive.ts'
import { canonicalBytes } from './canonical.ts'
import { type BundleFiles, fileDigest, MANIFEST, revisionOf, SIGNATURES } from './digest.ts'
import { indexJson } from './json-index.ts'
import { checkContents, normalRoots } from './roots.ts'
import { selfCheck } from './self-check.ts'
import {
  type BundleKey,
  type SigningRules,
  type VerifiedSignature,
  verifySignature,
  withoutExcluded,
} from './signature.ts'
import { checkAge } from './validity.ts'

/** The highest version that was ever active, and the digest of what it was. */
export interface Mark {
  readonly version: number
  readonly revision: string
}

export interface LoadOptions {
  /** Configured name of the bundle. */
  readonly name: string
  readonly keys: readonly BundleKey[]
  readonly signing?: SigningRules
  /** Older than that by its signature's `iat`, it is refused. */
  readonly maxAgeSeconds?: number
  /** Seconds since the epoch; the clock's by default. */
  readonly nowSeconds?: number
  readonly mark?: Mark | undefined
  /** An operator's word: this one and no other, also under the mark. */
  readonly pin?: Mark | undefined
  /** A copy of it is kept. */
  readonly wantsArchive?: boolean
  /** Versions below it are refused also where there is no mark. */
  readonly minimumVersion?: number
  readonly requiredEntrypoints: readonly string[]
  /** Any other may hold data alone. Default true. */
  readonly isPlatform?: boolean
  readonly limits?: ArchiveLimits
  /** Who will evaluate it. */
  readonly engine?: Engine
}

const Manifest = Type.Object({
  revision: Type.Optional(Type.String({ maxLength: 256 })),
  roots: Type.Optional(Type.Array(Type.String())),
  wasm: Type.Optional(
    Type.Array(
      Type.Object({
        entrypoint: Type.String(),
        module: Type.String(),
        annotations: Type.Optional(Type.Array(Type.Object({ custom: Type.Optional(Type.Unknown()) }))),
      }),
    ),
  ),
})
const isManifest = compileSchema(Manifest)

/** What was loaded, with what is kept of it; structured-cloneable. */
export interface LoadedBundle {
  readonly bundle: VerifiedBundle
  /** Text of its `.signatures.json`, to be judged again when keys change. */
  readonly signatures: Uint8Array
  /** The whole bundle, where it was asked for. */
  readonly archive?: Uint8Array
}

/** Bytes of an archive, or the path of a folder or an archive. Throws BundleError. */
export const loadBundle = async (source: Uint8Array | string, options: LoadOptions): Promise<VerifiedBundle> =>
  (await loadWhole(source, options)).bundle

/** The same, with what a copy of it is made from. Throws BundleError. */
export async function loadWhole(source: Uint8Array | string, options: LoadOptions): Promise<LoadedBundle> {
  const { files: all, archive } = await readFiles(source, options.limits ?? DEFAULT_LIMITS)
  const { signing = {} } = options
  const signature = verifySignature(all, options.keys, signing)
  const files = withoutExcluded(all, signing.excludeFiles)
  const { keyId, version } = signature
  const digest = revisionOf(files)
  const expiresAt = checkAge(signature, options)
  checkVersion(signature, digest, options)
  const manifest = readManifest(files)
  const roots = normalRoots(manifest.roots)
  const { data, ...loaded } = readData(files)
  const modules = await compile(files, manifest, options)
  // Any other bundle's module sees the data of all, and is given it when the others are known.
  const image = options.isPlatform === false ? undefined : makeImage(modules, loaded.dataJson, data)
  const dataJson = options.isPlatform === false ? NO_DATA : loaded.dataJson
  const entrypoints = await selfCheck({ ...modules, dataJson, ...(image && { image }) }, options.requiredEntrypoints)
  checkContents(roots, entrypoints, data)
  let sizeBytes = 0
  for (const bytes of files.values()) sizeBytes += bytes.byteLength
  const bundle = {
    name: options.name,
    revision: manifest.revision || digest,
    digest,
    version,
    keyId,
    roots,
    ...modules,
    ...loaded,
    ...(image && { image }),
    entrypoints,
    ...readCacheRules(manifest, files.get('policy.wasm'), modules),
    sizeBytes,
    ...sourcesOf(files),
    ...(expiresAt !== undefined && { expiresAt }),
  }
  const kept = options.wantsArchive === true ? (archive ?? (await writeArchive(all))) : undefined
  return { bundle, signatures: all.get(SIGNATURES) ?? new Uint8Array(), ...(kept && { archive: kept }) }
}

const MAX_SOURCES_BYTES = 4 * 1024 * 1024

function sourcesOf(files: BundleFiles): { readonly sources?: Readonly<Record<string, string>> } {
  const rego = [...files].filter(([name]) => name.endsWith('.rego'))
  const bytes = rego.reduce((total, [, content]) => total + content.byteLength, 0)
  if (rego.length === 0 || bytes > MAX_SOURCES_BYTES) return {}
  return { sources: Object.fromEntries(rego.map(([name, content]) => [name, Buffer.from(content).toString('utf8')])) }
}

interface ReadFiles {
  readonly files: BundleFiles
  /** None where they come from a folder. */
  readonly archive?: Uint8Array
}

async function readFiles(source: Uint8Array | string, limits: ArchiveLimits): Promise<ReadFiles> {
  if (typeof source !== 'string') return { files: await readArchive(source, limits), archive: source }
  let bytes: Uint8Array
  try {
    const found = await stat(source)
    if (found.isDirectory()) return { files: await readFolder(source, limits) }
    if (found.size > limits.archiveBytes)
      throw new BundleError('too_large', `the archive exceeds ${limits.archiveBytes}`)
    bytes = await readFile(source)
  } catch (cause) {
    if (cause instanceof BundleError) throw cause
    const why = cause instanceof Error && 'code' in cause ? `: ${cause.code}` : ''
    throw new BundleError('unreadable', `the bundle cannot be read${why}`, { cause })
  }
  return { files: await readArchive(bytes, limits), archive: bytes }
}

function checkVersion(signature: VerifiedSignature, digest: string, options: LoadOptions): void {
  const { version, keyId, isRetired } = signature
  const { mark, pin, minimumVersion = 0 } = options
  if (pin !== undefined) {
    if (version === pin.version && digest === pin.revision) return
    throw new BundleError('held', `version ${pin.version} is pinned: unpin it to let version ${version} in`)
  }
  const floor = Math.max(minimumVersion, mark?.version ?? 0)
  if (version < floor) throw new BundleError('older_version', `version ${version} is older than ${floor}`)
  if (mark !== undefined && version === mark.version && digest !== mark.revision) {
    throw new BundleError('version_conflict', `version ${version} was active with another content`)
  }
  // Whoever got hold of an old key must not sign anything new with it.
  if (isRetired && mark?.version !== version)
    throw new BundleError('unknown_key', `key ${keyId} is retired: what it signed before serves on, nothing new does`)
}

function readManifest(files: BundleFiles): Static<typeof Manifest> {
  const manifest = parseJson(files, MANIFEST)
  if (!isManifest.check(manifest)) throw new BundleError('not_a_bundle', `${MANIFEST} is not a bundle's manifest`)
  return manifest
}

/** `opa build` merges all data into one file; others would be left out silently, and a negated look-up then allows. */
function readData(files: BundleFiles): LoadedData {
  const stray = [...files.keys()].find((name) => /(^|\/)(data\.ya?ml|patch\.json)$|\/data\.json$/.test(name))
  if (stray !== undefined) throw new BundleError('not_a_bundle', `${stray} is not accepted: bundle with \`opa build\``)
  try {
    const dataJson = shared(canonicalBytes(files.get('data.json') ?? NO_DATA))
    const data = parseExact(Buffer.from(dataJson.buffer).toString('utf8'))
    if (!isObject(data)) throw new BundleError('not_a_bundle', 'data.json is not an object')
    return { dataJson, dataDigest: fileDigest('data', dataJson), dataIndex: indexJson(dataJson), data }
  } catch (cause) {
    if (cause instanceof BundleError) throw cause
    const why = cause instanceof RangeError ? 'nested too deeply' : 'not valid JSON'
    throw new BundleError('not_a_bundle', `data.json is ${why}`, { cause })
  }
}

interface LoadedData {
  readonly dataJson: Uint8Array
  readonly dataDigest: string
  readonly dataIndex: Int32Array
  readonly data: object
}

const NO_DATA = Buffer.from('{}')

/** In memory that all threads of the process may read. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
  copy.set(bytes)
  return copy
}

function makeImage(modules: PolicyModules, dataJson: Uint8Array, data: object): PolicyImage | undefined {
  try {
    return imageOf(modules, dataJson, data)
  } catch (cause) {
    throw new BundleError('self_check_failed', 'the module cannot be loaded with its data', { cause })
  }
}

async function compile(
  files: BundleFiles,
  { wasm = [] }: Static<typeof Manifest>,
  { engine = DEFAULT_ENGINE, isPlatform = true }: LoadOptions,
): Promise<PolicyModules> {
  const bytes = files.get('policy.wasm')
  const hasPolicy = wasm.length > 0 || [...files.keys()].some((name) => /\.(rego|wasm)$/.test(name))
  if (!hasPolicy && !isPlatform) return {}
  if (bytes === undefined || wasm.length === 0) {
    throw new BundleError('no_wasm', 'the bundle has no policy.wasm: build it with `opa build -t wasm -e <entrypoint>`')
  }
  if (wasm.some(({ module }) => module !== '/policy.wasm' && module !== 'policy.wasm')) {
    throw new BundleError('no_wasm', 'the manifest names a module other than policy.wasm')
  }
  try {
    return await compileFor(engine, bytes)
  } catch (cause) {
    throw new BundleError('not_a_bundle', 'policy.wasm is no WebAssembly module', { cause })
  }
}

type CacheRules = Pick<VerifiedBundle, 'cacheTtlSeconds' | 'cacheNondeterministic'>

/**
 * What each rule's metadata declares; a ttl that is no positive number of seconds means no caching, and so does one on a rule
 * that may ask the clock, chance or the network and does not declare `cache_nondeterministic`.
 */
function readCacheRules(
  manifest: Static<typeof Manifest>,
  wasm: Uint8Array | undefined,
  modules: PolicyModules,
): CacheRules {
  const cacheTtlSeconds: Record<string, number> = {}
  const cacheNondeterministic: string[] = []
  for (const { entrypoint, annotations = [] } of manifest.wasm ?? []) {
    for (const { custom } of annotations) {
      if (typeof custom !== 'object' || custom === null) continue
      const ttl: unknown = Reflect.get(custom, 'cache_ttl_seconds')
      if (typeof ttl === 'number' && Number.isSafeInteger(ttl) && ttl > 0) cacheTtlSeconds[entrypoint] = ttl
      if (Reflect.get(custom, 'cache_nondeterministic') === true) cacheNondeterministic.push(entrypoint)
    }
  }
  if (wasm === undefined || Object.keys(cacheTtlSeconds).length === 0)
    return { cacheTtlSeconds: {}, cacheNondeterministic }
  const undeclared = nondeterministicEntrypoints(wasm, modules)
  for (const entrypoint of undeclared)
    if (!cacheNondeterministic.includes(entrypoint)) delete cacheTtlSeconds[entrypoint]
  return { cacheTtlSeconds, cacheNondeterministic }
}

function parseJson(files: BundleFiles, name: string): unknown {
  try {
    return JSON.parse(Buffer.from(files.get(name) ?? '').toString('utf8'))
  } catch (cause) {
    throw new BundleError('not_a_bundle', `${name} is not valid JSON`, { cause })
  }
}
