/** Bundles that were not built for us, beside the platform's: what they may hold, and what is told where they may not. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readArchive, writeArchive } from './archive.ts'
import { FIXTURE_KEYS, signFixture } from './bundle-fixture.ts'
import type { BundleFiles } from './digest.ts'
import { type LoadOptions, loadBundle } from './load.ts'
import { checkRoots } from './roots.ts'

const options: LoadOptions = {
  name: 'shop',
  keys: FIXTURE_KEYS,
  minimumVersion: 0,
  requiredEntrypoints: [],
  isPlatform: false,
}
const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

/** As their authors build them: OPA's own command, OPA's own archive. */
async function opaBuild(sources: Readonly<Record<string, string>>, ...words: string[]): Promise<BundleFiles> {
  const folder = mkdtempSync(join(tmpdir(), 'foreign-'))
  folders.push(folder)
  for (const [name, text] of Object.entries(sources)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const opa = resolve(process.env.OPA ?? '.toolchain/opa')
  const { status, stderr } = spawnSync(opa, ['build', ...words, '-o', 'out.tar.gz'], { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return readArchive(readFileSync(join(folder, 'out.tar.gz')))
}
const load = async (files: BundleFiles, over: Partial<LoadOptions> = {}) =>
  loadBundle(await writeArchive(signFixture(files, 1)), { ...options, ...over })
const with_ = (files: Readonly<Record<string, string>>): BundleFiles =>
  new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)]))

const REGO = 'package shop\n\nallow if input.open == data.shop.open\n'
const SOURCES = {
  's/shop/shop.rego': REGO,
  's/shop/data.json': '{"open": true}',
  's/.manifest': '{"roots": ["shop"]}',
}

describe("a bundle beside the platform's", () => {
  it('is what `opa build -t wasm -r -e` makes of narrow roots (OPA, "Bundles")', async () => {
    const files = await opaBuild(SOURCES, '-t', 'wasm', '-r', 'shop-1', '-e', 'shop/allow', '-b', 's')
    expect(await load(files)).toMatchObject({
      revision: 'shop-1',
      roots: ['shop'],
      entrypoints: ['shop/allow'],
      metered: expect.any(WebAssembly.Module),
    })
  })

  it('may hold data alone', async () => {
    const files = await opaBuild(
      { 's/shop/data.json': '{"open": true}', 's/.manifest': '{"roots": ["shop"]}' },
      '-b',
      's',
    )
    const { metered, entrypoints, roots } = await load(files)
    expect({ metered, entrypoints, roots }).toEqual({ metered: undefined, entrypoints: [], roots: ['shop'] })
  })

  it('is refused with Rego and no policy.wasm, naming the command that builds it', async () => {
    const files = await opaBuild(SOURCES, '-r', 'shop-1', '-b', 's')
    await expect(load(files)).rejects.toMatchObject({
      code: 'no_wasm',
      message: expect.stringContaining('opa build -t wasm -e'),
    })
  })

  it('is refused with a manifest that names a module which is not there', async () => {
    const manifest = '{"roots":["shop"],"wasm":[{"entrypoint":"shop/allow","module":"/policy.wasm"}]}'
    await expect(load(with_({ '.manifest': manifest, 'data.json': '{}' }))).rejects.toMatchObject({ code: 'no_wasm' })
  })

  it('is refused where data or entrypoints lie outside its roots', async () => {
    const stray = with_({ '.manifest': '{"roots":["shop"]}', 'data.json': '{"shop":{},"rbac":{"roles":{}}}' })
    await expect(load(stray)).rejects.toMatchObject({ code: 'outside_roots', message: expect.stringContaining('rbac') })
    const built = await opaBuild(SOURCES, '-t', 'wasm', '-e', 'shop/allow', '-b', 's')
    const manifest = JSON.parse(Buffer.from(built.get('.manifest') ?? '').toString()) as object
    const moved = new Map(built).set('.manifest', Buffer.from(JSON.stringify({ ...manifest, roots: ['prices'] })))
    await expect(load(moved.set('data.json', Buffer.from('{}')))).rejects.toMatchObject({
      code: 'outside_roots',
      message: expect.stringContaining('shop/allow'),
    })
  })

  it('that owns everything, as built without a manifest of roots, is refused with what to do about it', async () => {
    const open = await load(await opaBuild(SOURCES, '-t', 'wasm', '-e', 'shop/allow', 's'))
    expect(open.roots).toEqual([''])
    expect(() => checkRoots([{ name: 'sallyport', roots: ['authz', 'system', 'rbac'] }, open])).toThrow(/\.manifest/)
  })
})

describe('the platform bundle', () => {
  it('is refused without policy, and may own everything', async () => {
    const data = with_({ '.manifest': '{}', 'data.json': '{"rbac":{}}' })
    await expect(load(data, { isPlatform: true })).rejects.toMatchObject({ code: 'no_wasm' })
    const open = await opaBuild(SOURCES, '-t', 'wasm', '-e', 'shop/allow', 's')
    expect(await load(open, { isPlatform: true })).toMatchObject({ roots: [''] })
  })
})
