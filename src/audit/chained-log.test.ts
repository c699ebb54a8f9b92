/** Group commit and the chain: nothing is answered before it is written, a failed write fails its callers, none is linked. */

import { writeSync } from 'node:fs'
import { appendFile, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChainHead } from '../storage/records.ts'
import { openAudit } from './audit.ts'
import { type Link, lineDigest, linkOf } from './chain.ts'
import { type ChainedLogOptions, openChainedLog } from './chained-log.ts'
import { rotatedSegments } from './segments.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-'))
  path = join(folder, 'logs', 'audit.jsonl')
})
afterEach(() => rm(folder, { recursive: true }))

const open = (options: ChainedLogOptions = {}) => {
  const log = openChainedLog(path, options)
  return {
    ...log,
    say: (n: number) => log.append(`{"n":${n},`, '}'),
    get healthy() {
      return log.healthy
    },
  }
}
const linesOf = async (file = path): Promise<string[]> => (await readFile(file, 'utf8')).split('\n').slice(0, -1)
const linksOf = async (file = path): Promise<(Link | undefined)[]> =>
  (await linesOf(file)).map((line) => linkOf(JSON.parse(line)))
const full = (): never => {
  throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
}

describe('chained log', () => {
  it('has written a line before append resolves, in a file only its owner can read', async () => {
    const log = open()
    await log.say(1)
    expect((await linesOf()).map((line) => JSON.parse(line))).toMatchObject([{ n: 1, chain: { seq: 1, prev: '' } }])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await log.close()
    await expect(log.say(2)).rejects.toThrow()
  })

  it('writes the lines of one turn in one write, in order, each with the digest of the one before', async () => {
    const writes: string[][] = []
    const write = (_fd: number, text: Uint8Array) => void writes.push(Buffer.from(text).toString().split('\n'))
    const log = open({ write })
    await Promise.all([1, 2, 3].map(log.say))
    await log.say(4)
    expect(writes.map((lines) => lines.length - 1)).toEqual([3, 1])
    const lines = writes.flat().filter((line) => line !== '')
    const links = lines.map((line) => linkOf(JSON.parse(line)))
    expect(links.map((link) => link?.seq)).toEqual([1, 2, 3, 4])
    expect(links.slice(1).map((link) => link?.prev)).toEqual(lines.slice(0, -1).map((line) => lineDigest(line)))
    await log.close()
  })

  it('gathers a burst where it is told to, and writes it before the next turn', async () => {
    const writes: number[] = []
    const write = (_fd: number, text: Uint8Array) =>
      void writes.push(Buffer.from(text).toString().split('\n').length - 1)
    const log = open({ gather: 'tick', write })
    const turn = new Promise((resolve) => setImmediate(resolve)).then(() => writes.push(0))
    await Promise.all([1, 2].map(async (n) => log.say(n)))
    await turn
    expect(writes).toEqual([2, 0])
    await log.close()
  })

  it('rejects every line of a failed write, takes back what was written of it, and goes on in the chain', async () => {
    let broken = false
    const log = open({
      write: (fd, text) => {
        if (!broken) return void writeSync(fd, text)
        writeSync(fd, text, 0, 4)
        full()
      },
    })
    await log.say(1)
    broken = true
    const failed = await Promise.allSettled([log.say(2), log.say(3)])
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(log.healthy).toBe(false)
    broken = false
    await log.say(4)
    expect(log.healthy).toBe(true)
    const lines = await linesOf()
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { n: 1, chain: { seq: 1 } },
      { n: 4, chain: { seq: 2, prev: lineDigest(lines[0] ?? '') } },
    ])
    await log.close()
  })

  it('keeps lines apart from what a power loss left of one, in a chain that follows the one before', async () => {
    const before = open()
    await before.say(1)
    await before.close()
    await appendFile(path, '{"torn":')
    const after = open()
    await after.say(2)
    await after.close()
    const [first = '', torn, second = ''] = await linesOf()
    expect(torn).toBe('{"torn":')
    const link = linkOf(JSON.parse(first))
    expect(linkOf(JSON.parse(second))).toMatchObject({ seq: 1, after: { id: link?.id, seq: 1 } })
  })

  it('goes on in a new file after a rotation from outside, in the same chain', async () => {
    const log = open()
    await log.say(1)
    await rename(path, `${path}.1`)
    log.reopen()
    await log.say(2)
    const links = [...(await linksOf(`${path}.1`)), ...(await linksOf())]
    expect(links).toMatchObject([{ seq: 1 }, { seq: 2, id: links[0]?.id }])
    await log.close()
  })

  it('rotates a file that has grown to its size, in the same chain and in order of names', async () => {
    const log = open({ rotateBytes: 150, clock: { nowMs: () => 1_000 } })
    for (const n of [1, 2, 3, 4, 5, 6]) await log.say(n)
    const files = [...rotatedSegments(path), path]
    expect(files.length).toBeGreaterThan(2)
    const links = (await Promise.all(files.map((file) => linksOf(file)))).flat()
    expect(links.map((link) => link?.seq)).toEqual([1, 2, 3, 4, 5, 6])
    await log.close()
  })

  it('registers the head of its chain with its first line, at checkpoints and at its end, never ahead of the file', async () => {
    const heads: ChainHead[] = []
    const log = open({
      checkpointLines: 10,
      register: async (head) => {
        const line = (await linesOf())[head.seq - 1] ?? ''
        expect(head.digest).toBe(lineDigest(line))
        heads.push(head)
      },
    })
    expect(heads).toEqual([])
    for (let n = 1; n <= 35; n += 1) await log.say(n)
    await log.close()
    expect(heads.length).toBeGreaterThan(2)
    expect(heads[0]?.seq).toBeLessThan(10)
    expect(heads.at(-1)).toMatchObject({ seq: 35, closed: true })
    expect(heads.slice(0, -1).every((head) => !head.closed)).toBe(true)
  })

  it('registers what it could not register, at the next checkpoint', async () => {
    let down = true
    const heads: ChainHead[] = []
    const troubles: string[] = []
    const registered = Promise.withResolvers<void>()
    const log = open({
      checkpointMs: 10,
      onTrouble: (what) => {
        troubles.push(what)
        down = false
      },
      register: async (head) => {
        if (down) throw new Error('store down')
        heads.push(head)
        registered.resolve()
      },
    })
    await log.say(1)
    await registered.promise
    expect(troubles).toHaveLength(1)
    expect(heads).toMatchObject([{ seq: 1 }])
    await log.close()
  })
})

describe('a log without room', () => {
  it('refuses lines beyond its budget, and goes on once a file was removed, of which the chain tells', async () => {
    const log = open({ budgetBytes: 4000 })
    const written: number[] = []
    for (let n = 1; n <= 60; n += 1)
      await log.say(n).then(
        () => written.push(n),
        () => {},
      )
    expect(written.length).toBeLessThan(60)
    expect(log.healthy).toBe(false)
    const [oldest = ''] = rotatedSegments(path)
    const last = (await linesOf(oldest)).at(-1) ?? ''
    const link = linkOf(JSON.parse(last))
    await log.remove(oldest, [{ id: link?.id ?? '', seq: link?.seq ?? 0, digest: lineDigest(last) }])
    expect(rotatedSegments(path)).not.toContain(oldest)
    await log.say(61)
    expect(log.healthy).toBe(true)
    await log.close()
    const events = (await Promise.all([...rotatedSegments(path), path].map((file) => linesOf(file)))).flat()
    expect(events.map((line) => JSON.parse(line)).slice(-2)).toMatchObject([
      { record: 'removed', ends: [{ seq: link?.seq }] },
      { n: 61 },
    ])
  })

  it('leaves a gap where it is told to, and the chain says how many lines it swallowed', async () => {
    let broken = true
    const lost: number[] = []
    const log = open({
      tolerate: 'full',
      onLost: (lines) => lost.push(lines),
      write: (fd, text) => (broken ? full() : void writeSync(fd, text)),
    })
    await Promise.all([log.say(1), log.say(2)])
    await log.say(3)
    expect([lost, log.healthy]).toEqual([[2, 1], false])
    broken = false
    await log.say(4)
    expect(log.healthy).toBe(true)
    expect((await linesOf()).map((line) => JSON.parse(line))).toMatchObject([
      { record: 'gap', state: 'ended', lines: 3, chain: { seq: 1 } },
      { n: 4, chain: { seq: 2 } },
    ])
    await log.close()
  })

  it('tells of the beginning of a gap where its budget is used up, which a crash would take otherwise', async () => {
    const log = open({ tolerate: 'full', budgetBytes: 400 })
    for (let n = 1; n <= 8; n += 1) await log.say(n)
    const lines = (await Promise.all([...rotatedSegments(path), path].map((file) => linesOf(file)))).flat()
    expect(lines.map((line) => JSON.parse(line)).at(-1)).toMatchObject({ record: 'gap', state: 'began' })
    await log.close()
  })

  it('rejects what is no want of room, unless any failure is passed over', async () => {
    const broken = () => {
      throw Object.assign(new Error('i/o error'), { code: 'EIO' })
    }
    const strict = open({ tolerate: 'full', write: broken })
    await expect(strict.say(1)).rejects.toThrow('cannot be written')
    await strict.close()
    const lenient = open({ tolerate: 'any', write: broken })
    await lenient.say(1)
    await lenient.close()
  })
})

describe('audit log', () => {
  it('writes each event with time, chain and sequence', async () => {
    const { audit, close } = openAudit(path, { clock: { nowMs: () => 1_000 } })
    await Promise.all([
      audit({ event: 'sign_in', tenant: 'default', sub: 's' }),
      audit({ event: 'code_reuse', tenant: 'default', grant_id: 'g' }),
    ])
    const events = (await linesOf()).map((line) => JSON.parse(line))
    expect(events).toMatchObject([
      { chain: { seq: 1 }, timestamp: '1970-01-01T00:00:01.000Z', event: 'sign_in', sub: 's' },
      { chain: { seq: 2, id: events[0].chain.id }, event: 'code_reuse', grant_id: 'g' },
    ])
    await close()
  })
})
