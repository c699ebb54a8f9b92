/** Archives: what is accepted, what is refused and with which code, and that writing is reproducible. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterAll, describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS, readArchive, readFolder, writeArchive } from './archive.ts'

const files = new Map([
  ['data.json', Buffer.from('{}')],
  ['authz/token.rego', Buffer.from('package authz.token')],
])

async function tarOf(entries: { name: string; body?: string; type?: 'symlink' | 'file'; linkname?: string }[]) {
  const writer = pack()
  for (const { body = '', ...header } of entries) writer.entry(header, body)
  writer.finalize()
  const chunks: Uint8Array[] = []
  for await (const chunk of writer as AsyncIterable<Uint8Array>) chunks.push(chunk)
  return gzipSync(Buffer.concat(chunks))
}

describe('bundle archives', () => {
  it('reads back what it wrote, and writes the same bytes for the same files in any order', async () => {
    const bytes = await writeArchive(files)
    expect(Object.fromEntries(await readArchive(bytes))).toEqual(Object.fromEntries(files))
    expect(await writeArchive(new Map([...files].reverse()))).toEqual(bytes)
  })

  it.each(['../x', '/../x', 'a//b', 'a/./b', '//x', 'a\\b', 'a/'])('refuses the name %s', async (name) => {
    await expect(readArchive(await tarOf([{ name, type: 'file', body: 'x' }]))).rejects.toMatchObject({
      code: 'not_a_bundle',
    })
  })

  it('refuses two entries that name one file, and links', async () => {
    const twice = await tarOf([{ name: '/data.json' }, { name: './data.json' }])
    await expect(readArchive(twice)).rejects.toMatchObject({ code: 'not_a_bundle' })
    const link = await tarOf([{ name: 'data.json', type: 'symlink', linkname: '/etc/passwd' }])
    await expect(readArchive(link)).rejects.toMatchObject({ code: 'not_a_bundle' })
  })

  it('refuses every truncation', async () => {
    const bytes = await writeArchive(files)
    for (let length = 0; length < bytes.byteLength; length += 7) {
      await expect(readArchive(bytes.subarray(0, length))).rejects.toMatchObject({ code: 'not_a_bundle' })
    }
  })

  it('refuses what is over its limits, decompression bombs included', async () => {
    const bomb = await writeArchive(new Map([['data.json', Buffer.alloc(8 * 1024 * 1024)]]))
    expect(bomb.byteLength).toBeLessThan(64 * 1024)
    const small = { ...DEFAULT_LIMITS, files: 1, totalBytes: 64 * 1024 }
    await expect(readArchive(bomb, small)).rejects.toMatchObject({ code: 'too_large' })
    await expect(readArchive(await writeArchive(files), { ...small })).rejects.toMatchObject({ code: 'too_large' })
    await expect(readArchive(bomb, { ...small, archiveBytes: 100 })).rejects.toMatchObject({ code: 'too_large' })
  })
})

describe('bundle folders', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bundle-folder-'))
  afterAll(() => rm(folder, { recursive: true }))

  it('reads files by their path, and follows links only inside the folder', async () => {
    await mkdir(join(folder, 'rbac'))
    await writeFile(join(folder, '.manifest'), '{}')
    await writeFile(join(folder, 'rbac', 'x.rego'), 'package x')
    await symlink('rbac/x.rego', join(folder, 'y.rego'))
    expect([...(await readFolder(folder)).keys()].sort()).toEqual(['.manifest', 'rbac/x.rego', 'y.rego'])
    await symlink('/etc/hostname', join(folder, 'z.rego'))
    await expect(readFolder(folder)).rejects.toMatchObject({ code: 'not_a_bundle' })
  })

  it('says that a folder that is not there is unreadable', async () => {
    await expect(readFolder(join(folder, 'none'))).rejects.toMatchObject({ code: 'unreadable' })
  })
})
