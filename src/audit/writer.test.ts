/** Group commit: nothing is answered before it is written, one write for a turn, and a failed write fails its callers. */

import { writeSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openAudit } from './audit.ts'
import { openLineWriter } from './writer.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-'))
  path = join(folder, 'logs', 'audit.jsonl')
})
afterEach(() => rm(folder, { recursive: true }))

describe('audit writer', () => {
  it('has written a line before append resolves, in a file only its owner can read', async () => {
    const writer = openLineWriter(path)
    await writer.append('{"a":1}')
    expect(await readFile(path, 'utf8')).toBe('{"a":1}\n')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await writer.close()
    await expect(writer.append('late')).rejects.toThrow()
  })

  it('writes the lines of one turn in one write, in order', async () => {
    const writes: string[] = []
    const writer = openLineWriter(path, { write: (_fd, text) => writes.push(Buffer.from(text).toString()) })
    await Promise.all([writer.append('1'), writer.append('2'), writer.append('3')])
    await writer.append('4')
    expect(writes).toEqual(['1\n2\n3\n', '4\n'])
    await writer.close()
  })

  it('gathers a burst where it is told to, and writes it before the next turn', async () => {
    const writes: string[] = []
    const write = (_fd: number, text: Uint8Array) => void writes.push(Buffer.from(text).toString())
    const writer = openLineWriter(path, { gather: 'tick', write })
    const turn = new Promise((resolve) => setImmediate(resolve)).then(() => writes.push('turn'))
    await Promise.all(['1', '2'].map(async (line) => writer.append(line)))
    await turn
    expect(writes).toEqual(['1\n2\n', 'turn'])
    await writer.close()
  })

  it('rejects every line of a failed write, and later lines stand alone', async () => {
    let full = true
    const writer = openLineWriter(path, {
      write: (fd, text) => {
        if (!full) return void writeSync(fd, text)
        writeSync(fd, text, 0, 4)
        throw new Error('ENOSPC')
      },
    })
    const failed = await Promise.allSettled([writer.append('{"lost":1}'), writer.append('{"lost":2}')])
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(writer.healthy).toBe(false)
    full = false
    await writer.append('{"kept":3}')
    expect(writer.healthy).toBe(true)
    expect((await readFile(path, 'utf8')).split('\n')).toEqual(['{"lo', '{"kept":3}', ''])
    await writer.close()
  })

  it('goes on in a new file after rotation', async () => {
    const writer = openLineWriter(path)
    await writer.append('old')
    await rename(path, `${path}.1`)
    writer.reopen()
    await writer.append('new')
    expect(await readFile(`${path}.1`, 'utf8')).toBe('old\n')
    expect(await readFile(path, 'utf8')).toBe('new\n')
    await writer.close()
  })
})

describe('audit log', () => {
  it('writes each event with time, chain and sequence', async () => {
    const { audit, close } = openAudit(path, { clock: { nowMs: () => 1_000 } })
    await Promise.all([
      audit({ event: 'sign_in', tenant: 'default', sub: 's' }),
      audit({ event: 'code_reuse', tenant: 'default', grant_id: 'g' }),
    ])
    const events = (await readFile(path, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events).toMatchObject([
      { seq: 1, timestamp: '1970-01-01T00:00:01.000Z', event: 'sign_in', sub: 's' },
      { seq: 2, chain: events[0].chain, event: 'code_reuse', grant_id: 'g' },
    ])
    await close()
  })
})
