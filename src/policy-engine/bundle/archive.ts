/** Reads and writes a bundle's files: gzipped tar as `opa build` makes it (OPA, "Bundle File Format"), or a folder of them. */
import { opendir, readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { extract, pack } from 'tar-stream'
import { BundleError } from '../engine.ts'
import type { BundleFiles } from './digest.ts'

export interface ArchiveLimits {
  /** Of the archive itself. */
  readonly archiveBytes: number
  /** Of all files together, unpacked. */
  readonly totalBytes: number
  readonly files: number
}

export const DEFAULT_LIMITS: ArchiveLimits = {
  archiveBytes: 64 * 1024 * 1024,
  totalBytes: 256 * 1024 * 1024,
  files: 10_000,
}

/** Files of a gzipped tar, by name without leading slash. */
export async function readArchive(bytes: Uint8Array, limits: ArchiveLimits = DEFAULT_LIMITS): Promise<BundleFiles> {
  if (bytes.byteLength > limits.archiveBytes) throw tooLarge('the archive', limits.archiveBytes)
  const tar = await unzip(bytes, limits)
  const collected = new Collected(limits)
  const reader = extract()
  reader.end(tar)
  try {
    for await (const entry of reader) {
      const { name, type, size = 0 } = entry.header
      if (type !== 'file' && type !== 'directory') throw notABundle(`entry of type ${type} is not accepted`)
      // Reading its content would never end.
      if (type === 'directory' && size > 0) throw notABundle('a folder has content')
      const chunks: Uint8Array[] = []
      for await (const chunk of entry as AsyncIterable<Uint8Array>) chunks.push(chunk)
      if (type === 'file') collected.add(entryName(name), Buffer.concat(chunks))
    }
  } catch (cause) {
    throw cause instanceof BundleError ? cause : notABundle('the archive is damaged or cut short', cause)
  }
  if (collected.files.size === 0) throw notABundle('the archive is empty')
  return collected.files
}

async function unzip(bytes: Uint8Array, limits: ArchiveLimits): Promise<Uint8Array> {
  // Headers and padding of tar come on top of the files themselves.
  const maxOutputLength = limits.totalBytes + limits.files * 1024 + 10_240
  try {
    return await promisify<Uint8Array, object, Uint8Array>(gunzip)(bytes, { maxOutputLength })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge('the unpacked bundle', limits.totalBytes)
    }
    throw notABundle('not a gzipped tar, or cut short', cause)
  }
}

class Collected {
  readonly files = new Map<string, Uint8Array>()
  readonly #limits: ArchiveLimits
  #total = 0
  constructor(limits: ArchiveLimits) {
    this.#limits = limits
  }

  add(name: string, bytes: Uint8Array): void {
    if (this.files.has(name)) throw notABundle('a file comes twice')
    if (this.files.size >= this.#limits.files) throw tooLarge('the number of files', this.#limits.files)
    this.#total += bytes.byteLength
    if (this.#total > this.#limits.totalBytes) throw tooLarge('the unpacked bundle', this.#limits.totalBytes)
    this.files.set(name, bytes)
  }
}

/** One leading `/` or `./` goes; whatever else could leave the bundle or name one file in two ways is refused. */
function entryName(raw: string): string {
  const name = raw.replace(/^\.?\//, '')
  const sound = /^[^\\\0]+$/.test(name) && name.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  if (!sound) throw notABundle('a file name is not accepted')
  return name
}

/**
 * Files of an unpacked bundle. Links are followed inside the folder only, and names that begin with `..` are left out:
 * Kubernetes mounts volumes as links into such folders.
 */
export async function readFolder(folder: string, limits: ArchiveLimits = DEFAULT_LIMITS): Promise<BundleFiles> {
  const collected = new Collected(limits)
  try {
    await walk(await realpath(folder), '', collected, limits)
  } catch (cause) {
    throw cause instanceof BundleError ? cause : new BundleError('unreadable', 'the folder cannot be read', { cause })
  }
  if (collected.files.size === 0) throw notABundle('the folder is empty')
  return collected.files
}

async function walk(root: string, under: string, collected: Collected, limits: ArchiveLimits): Promise<void> {
  for await (const entry of await opendir(join(root, under))) {
    if (entry.name.startsWith('..')) continue
    const name = under === '' ? entry.name : `${under}/${entry.name}`
    const path = await realpath(join(root, name))
    if (!path.startsWith(`${root}/`)) throw notABundle('a link leads out of the folder')
    const found = await stat(path)
    if (found.isDirectory() && !entry.isSymbolicLink()) await walk(root, name, collected, limits)
    else if (!found.isFile()) throw notABundle('only files and folders are accepted')
    else if (found.size > limits.totalBytes) throw tooLarge('the bundle', limits.totalBytes)
    else collected.add(entryName(name), await readFile(path))
  }
}

/** The same files always give the same bytes: sorted, leading `/` as OPA's, no times, no owner, fixed gzip header. */
export async function writeArchive(files: BundleFiles): Promise<Uint8Array> {
  const writer = pack()
  for (const name of [...files.keys()].sort()) {
    const header = { name: `/${name}`, mtime: new Date(0), mode: 0o600, uid: 0, gid: 0 }
    writer.entry(header, Buffer.from(files.get(name) ?? new Uint8Array()))
  }
  writer.finalize()
  const chunks: Uint8Array[] = []
  for await (const chunk of writer as AsyncIterable<Uint8Array>) chunks.push(chunk)
  const packed = await promisify<Uint8Array, object, Buffer>(gzip)(Buffer.concat(chunks), { level: 9 })
  // Byte 9 names the operating system (RFC 1952 2.3.1): 255 is "unknown" everywhere.
  packed[9] = 255
  return packed
}

const notABundle = (message: string, cause?: unknown) => new BundleError('not_a_bundle', message, { cause })
const tooLarge = (what: string, limit: number) => new BundleError('too_large', `${what} exceeds ${limit}`)
