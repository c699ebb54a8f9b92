/** Heads that come by message or lie in a file: the newest of each chain is kept, and what failed is tried again. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHAIN_HEAD_DAYS } from '../storage/port.ts'
import type { ChainHead } from '../storage/records.ts'
import { fileChains } from './file-chains.ts'
import { checkHead, makeHead } from './head.ts'
import { createRegistrar } from './registrar.ts'
import { makeLogKey, readKey, readSigner, signatureCheck } from './signer.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heads-'))
})
afterAll(() => rm(folder, { recursive: true }))

const aHead = (chain: string, seq: number, at = 1_000): ChainHead => ({
  v: 1,
  chain,
  place: 'host:/log',
  seq,
  digest: `digest-${seq}`,
  at,
  closed: false,
})

describe('a registrar', () => {
  it('tries what failed again, the newest of each chain, and loses none', async () => {
    const kept = new Map<string, number>()
    let down = true
    const troubles: string[] = []
    const registrar = createRegistrar(
      async ({ chain, seq }) => {
        if (down) throw new Error('down')
        kept.set(chain, seq)
      },
      (what) => troubles.push(what),
    )
    for (let seq = 1; seq <= 20; seq += 1) registrar.add(aHead(seq % 2 ? 'a' : 'b', seq))
    await registrar.close()
    expect([kept.size, troubles.length > 0]).toEqual([0, true])
    down = false
    await registrar.close()
    expect([...kept]).toEqual([
      ['a', 19],
      ['b', 20],
    ])
  })
})

describe('heads in a file', () => {
  it('are the newest of each chain, in order of time, private, and there after a restart', async () => {
    const path = join(folder, 'deep', 'heads.json')
    const chains = fileChains(path)
    await Promise.all(
      [aHead('a', 1), aHead('b', 7, 2_000), aHead('a', 5, 3_000), aHead('a', 4, 4_000)].map(chains.register),
    )
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await fileChains(path).list()).toEqual([aHead('b', 7, 2_000), aHead('a', 5, 3_000)])
    await chains.register(aHead('c', 1, CHAIN_HEAD_DAYS * 24 * 60 * 60 * 1000 + 2_500))
    expect((await chains.list()).map(({ chain }) => chain)).toEqual(['a', 'c'])
  })

  it('are never read as none where the file is damaged', async () => {
    const path = join(folder, 'damaged.json')
    await writeFile(path, '[{"v":1}]')
    await expect(fileChains(path).list()).rejects.toThrow('damaged')
    await expect(fileChains(path).register(aHead('a', 1))).rejects.toThrow('damaged')
  })
})

describe('the key of a log', () => {
  it('signs heads whole: none of their members can be changed', async () => {
    const file = join(folder, 'key.pem')
    makeLogKey(file)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(() => makeLogKey(file)).toThrow('EEXIST')
    const checks = [signatureCheck(await readFile(`${file}.pub`, 'utf8'))]
    const signer = readSigner(file)
    const head = makeHead({ id: 'a', seq: 3, digest: 'd' }, { place: 'p', at: 1, closed: false }, signer)
    expect(checkHead(head, checks)).toBe('signed')
    for (const changed of [{ seq: 2 }, { digest: 'e' }, { chain: 'b' }, { place: 'q' }, { at: 2 }, { closed: true }])
      expect(checkHead({ ...head, ...changed }, checks)).toBe('forged')
    expect(checkHead(head, [])).toBe('unknown_key')
    expect(checkHead(aHead('a', 1), checks)).toBe('unsigned')
  })

  it.each([
    ['no PEM', 'text'],
    ['another kind of key', readKeyOfKind],
  ])('is refused where it is %s, in words that say what to do', async (_what, pem) => {
    const file = join(folder, 'wrong.pem')
    await writeFile(file, typeof pem === 'string' ? pem : pem())
    expect(() => readSigner(file)).toThrow(/key of the log is no/)
    expect(() => readKey(join(folder, 'none'))).toThrow(/sallyport init/)
  })
})

function readKeyOfKind(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey
}
