/** Fuzz of the tar layer: whatever lies in the archive, names stay inside, nothing comes twice, limits hold. */
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Random } from '../../src/policy-engine/builtins/encoding/random.ts'
import { readArchive } from '../../src/policy-engine/bundle/archive.ts'
import { SMALL_FILES, signTrusted } from './corpus.ts'
import { fuzz, isGzip, refusal } from './fuzz.ts'
import { mutateBytes } from './mutate.ts'
import { paxRecord, type TarEntry, tarOf } from './tar.ts'

const LIMITS = { archiveBytes: 64 * 1024, totalBytes: 32 * 1024, files: 16 }

const NAMES = [
  '../data.json',
  '/../data.json',
  'a/../../data.json',
  '//data.json',
  './data.json',
  '/data.json',
  'data.json',
  'a//b',
  'a/./b',
  '.',
  '..',
  '/',
  '',
  'a\\b',
  'C:\\x',
  'é/ü',
  'a'.repeat(100),
  '.signatures.json',
  'a/.signatures.json',
  ' data.json',
  'data.json\n',
] as const
const TYPES = ['0', '\0', '1', '2', '3', '5', '6', '7', 'x', 'g', 'L', 'K', 'S', 'V', 'Z'] as const
const SIZES = [
  '77777777777\0',
  '00000000000\0',
  '           \0',
  '-0000000001\0',
  '\x80\0\0\0\0\0\0\x01\0\0\0\0',
  '\xff'.repeat(12),
  '0x10',
] as const
const RECORDS = [
  paxRecord('path', '../../outside'),
  paxRecord('path', '/data.json'),
  paxRecord('path', ''),
  paxRecord('size', '99999999999999999999'),
  paxRecord('size', '-1'),
  paxRecord('linkpath', '/etc/passwd'),
  paxRecord('GNU.sparse.major', '1'),
  Buffer.from('9999999 path=x\n'),
  Buffer.from('0 path=x\n'),
  Buffer.from('no record'),
]

const entriesOf = (): TarEntry[] =>
  [...signTrusted(SMALL_FILES)].map(([name, content]) => ({ name: `/${name}`, content }))
const VALID = entriesOf()

function oddEntry(random: Random, entry: TarEntry): TarEntry {
  switch (random.below(8)) {
    case 0:
      return { ...entry, name: random.pick(...NAMES) }
    case 1:
      return { ...entry, type: random.pick(...TYPES) }
    case 2:
      return { ...entry, size: random.pick(...SIZES) }
    case 3:
      return { ...entry, prefix: random.pick(...NAMES) }
    case 4:
      return { ...entry, magic: random.pick('ustar  \0', 'nostar\u000000', '') }
    case 5:
      return { ...entry, type: random.pick('1', '2'), link: random.pick(...NAMES) }
    case 6:
      return { ...entry, content: mutateBytes(random, entry.content) }
    default:
      return { ...entry, off: random.pick(0, 1, -1) }
  }
}

function oddTar(random: Random): Buffer {
  const entries = VALID.flatMap((entry): TarEntry[] => {
    if (!random.chance(3)) return [entry]
    if (random.chance(8)) return [entry, entry]
    if (random.chance(8)) return []
    if (random.chance(4)) {
      const content = RECORDS[random.below(RECORDS.length)] ?? Buffer.alloc(0)
      return [{ name: 'pax', type: random.pick('x', 'g', 'L'), content }, entry]
    }
    return [oddEntry(random, entry)]
  })
  const many = random.chance(32)
    ? Array.from({ length: 20 }, (_, at) => ({ name: `n${at}`, content: Buffer.from('x') }))
    : []
  const tar = tarOf([...entries, ...many], random.pick(2, 2, 2, 0, 1, 3))
  return random.chance(6) ? Buffer.concat([tar, mutateBytes(random, tar)]) : tar
}

function soundNames(files: ReadonlyMap<string, Uint8Array>): void {
  let total = 0
  for (const [name, bytes] of files) {
    total += bytes.byteLength
    const parts = name.split('/')
    const odd = name === '' || parts.some((part) => part === '' || part === '.' || part === '..')
    if (odd || name.includes('\\') || name.includes('\0')) throw new Error(`a file is called ${JSON.stringify(name)}`)
  }
  if (total > LIMITS.totalBytes || files.size > LIMITS.files) throw new Error('more than the limits let through')
}

describe('tar', () => {
  it('holds its valid archive', async () => {
    const files = await readArchive(gzipSync(tarOf(VALID)), LIMITS)
    expect([...files.keys()].sort()).toEqual(VALID.map(({ name }) => name.slice(1)).sort())
  })

  it('refuses a folder that claims content: reading that would never end', async () => {
    const folder = { name: 'team', type: '5', content: Buffer.from('not read') }
    await expect(readArchive(gzipSync(tarOf([...VALID, folder])))).rejects.toMatchObject({ code: 'not_a_bundle' })
  })

  it('any archive is read within limits, or refused by name (OPA, "Bundle File Format")', {
    timeout: 3_600_000,
  }, async () => {
    const { outcomes } = await fuzz('tar', async (random, at) => {
      const kind = at % 8
      const tar = kind < 5 ? oddTar(random) : mutateBytes(random, tarOf(VALID))
      const archive = kind === 7 ? mutateBytes(random, gzipSync(tar, { level: 1 })) : gzipSync(tar, { level: 1 })
      const deep = isGzip(archive)
      try {
        soundNames(await readArchive(archive, LIMITS))
        return { said: 'read', deep }
      } catch (error) {
        return { said: refusal(error), deep }
      }
    })
    expect([...outcomes.keys()].sort()).toEqual(['not_a_bundle', 'read', 'too_large'])
  })
})
