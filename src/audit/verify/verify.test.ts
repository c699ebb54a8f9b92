/** Verification of logs that were tampered with: each way of it, and where it is said to be. */
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChainHead } from '../../storage/records.ts'
import { Chain, type ChainPosition, lineDigest, linkOf } from '../chain.ts'
import { type ChainedLogOptions, openChainedLog } from '../chained-log.ts'
import { headsFileOf, rotatedSegments } from '../segments.ts'
import { makeLogKey, readSigner, signatureCheck } from '../signer.ts'
import { verifyLog } from './verify.ts'

let folder: string
let original: string
const heads = new Map<string, ChainHead>()
const register = async (head: ChainHead): Promise<void> => void heads.set(head.chain, head)

/** Three runs of one log, 10 lines each. */
async function write(path: string, options: ChainedLogOptions): Promise<void> {
  let nowMs = 1_000
  for (let run = 1; run <= 3; run += 1) {
    const log = openChainedLog(path, { clock: { nowMs: () => ++nowMs }, ...options })
    for (let n = 1; n <= 10; n += 1) {
      await log.append(`{"timestamp":"${new Date(nowMs).toISOString()}","run":${run},"n":${n},`, ',"end":true}')
    }
    await log.close()
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verify-'))
  makeLogKey(join(folder, 'key.pem'))
  makeLogKey(join(folder, 'other.pem'))
  original = join(folder, 'original')
  await write(join(original, 'log.jsonl'), { register, signer: readSigner(join(folder, 'key.pem')) })
})
afterAll(() => rm(folder, { recursive: true }))

let copies = 0
/** A copy of the log, changed; `keepHeads`: those beside it stay. */
async function tampered(change: (lines: string[]) => string[], keepHeads = true): Promise<string> {
  copies += 1
  const directory = join(folder, `copy-${copies}`)
  await cp(original, directory, { recursive: true })
  const file = join(directory, 'log.jsonl')
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1)
  await writeFile(file, `${change(lines).join('\n')}\n`)
  if (!keepHeads) await rm(headsFileOf(file))
  return file
}
const key = async () => signatureCheck(await readFile(join(folder, 'key.pem.pub'), 'utf8'))
const verify = async (file: string, registered: readonly ChainHead[] = [...heads.values()]) =>
  verifyLog([file], { heads: registered, checks: [await key()] })
const brief = async (file: string, registered?: readonly ChainHead[]) =>
  (await verify(file, registered)).findings.map(({ problem, line }) => [problem, line])
const with_ = (lines: string[], index: number, text: (line: string) => string): string[] =>
  lines.with(index, text(lines[index] ?? ''))
const edited = (line: string): string => line.replace('"end":true', '"end":false')

/** What someone does who knows how chains are made: from `index` on, each line is linked anew. */
function relinked(lines: string[], index: number): string[] {
  const chained = [...lines]
  for (let at = index + 1; at < lines.length; at += 1) {
    const before = lineDigest(chained[at - 1] ?? '')
    chained[at] = (chained[at] ?? '').replace(/"prev":"[^"]*"/, `"prev":"${before}"`)
  }
  return chained
}

const positionOf = (line: string): ChainPosition => {
  const link = linkOf(JSON.parse(line))
  return { id: link?.id ?? '', seq: link?.seq ?? 0, digest: lineDigest(line) }
}
/** A line of a chain that the service never began; after the line given, as a chain of its own would be. */
const forgedLine = (after: string | undefined, timestamp = new Date(1_100).toISOString()): string =>
  new Chain(after === undefined ? undefined : positionOf(after)).link(
    `{"path":"authz/admin/decision","result":{"allow":true},"timestamp":"${timestamp}",`,
    '}',
  )

describe('verification of a log (checklist 53)', () => {
  it('finds nothing in a log that nobody touched, and says how far each chain is proven', async () => {
    const result = await verify(join(original, 'log.jsonl'))
    expect(result).toMatchObject({ findings: [], notes: [], lines: 30, files: 1 })
    expect(result.chains.map(({ firstSeq, lastSeq, provenSeq }) => [firstSeq, lastSeq, provenSeq])).toEqual([
      [1, 10, 10],
      [1, 10, 10],
      [1, 10, 10],
    ])
  })

  it.each<[string, (lines: string[]) => string[], [string, number | undefined][]]>([
    ['a line edited', (lines) => with_(lines, 4, edited), [['changed', 5]]],
    ['a line edited so that it is no JSON', (lines) => with_(lines, 4, (line) => line.slice(1)), [['changed', 5]]],
    ['the first line edited', (lines) => with_(lines, 0, edited), [['changed', 1]]],
    ['the last line of a run edited', (lines) => with_(lines, 9, edited), [['changed', 10]]],
    ['the last line of all edited', (lines) => with_(lines, 29, edited), [['changed', 30]]],
    ['a line deleted', (lines) => lines.toSpliced(4, 1), [['missing', 5]]],
    ['three lines deleted', (lines) => lines.toSpliced(4, 3), [['missing', 5]]],
    ['two lines exchanged', (lines) => lines.with(4, lines[5] ?? '').with(5, lines[4] ?? ''), [['moved', 6]]],
    ['a line moved elsewhere', (lines) => [...lines.toSpliced(2, 1), lines[2] ?? ''], [['moved', 30]]],
    ['a line repeated', (lines) => lines.toSpliced(5, 0, lines[4] ?? ''), [['moved', 6]]],
    ['a line put in', (lines) => lines.toSpliced(5, 0, '{"run":1}'), [['inserted', 6]]],
    ['the end cut off', (lines) => lines.slice(0, 27), [['cut', 27]]],
    ['the first run taken out', (lines) => lines.slice(10), [['vanished', undefined]]],
    ['the middle run taken out', (lines) => lines.toSpliced(10, 10), [['vanished', undefined]]],
    ['the last run taken out', (lines) => lines.slice(0, 20), [['vanished', undefined]]],
    ['the beginning of a run taken out', (lines) => lines.slice(3), [['missing', 1]]],
  ])('finds %s, and where', async (_what, change, expected) => {
    expect(await brief(await tampered(change))).toEqual(expected)
    // Whoever changes the files can take the heads beside them away; the registered ones stay.
    expect(await brief(await tampered(change, false))).toEqual(expected)
  })

  it('finds a line edited by someone who links all lines after it anew', async () => {
    const forge = (lines: string[]) => relinked(with_(lines, 4, edited), 4)
    expect((await brief(await tampered(forge, false))).length).toBeGreaterThan(0)
    // Without registered heads, those beside the files still tell; where they are gone too, only the key's absence could.
    expect((await brief(await tampered(forge), [])).length).toBeGreaterThan(0)
  })

  it.each([
    ['at the end', 30, 31],
    ['between two runs', 20, 21],
    ['in the middle of a run', 15, 16],
  ])('finds a chain that the service never registered, %s', async (_where, index, line) => {
    const forge = (lines: string[]) => lines.toSpliced(index, 0, forgedLine(lines[index - 1]))
    expect(await brief(await tampered(forge))).toContainEqual(['inserted', line])
    expect(await brief(await tampered(forge, false))).toContainEqual(['inserted', line])
  })

  it('notes a chain that began as the heads were asked for, where it is the last of its file', async () => {
    const last = (lines: string[]) => [...lines, forgedLine(lines.at(-1))]
    const before = (lines: string[]) => lines.toSpliced(20, 0, forgedLine(lines[19]))
    const options = { heads: [...heads.values()], checks: [await key()] }
    const at = async (change: typeof last, startedMs: number) => {
      const clock = { nowMs: () => startedMs + 1_000 }
      const { findings, notes } = await verifyLog([await tampered(change)], { ...options, startedMs, clock })
      return [findings.length, notes.length]
    }
    expect(await at(last, 1_050)).toEqual([0, 1])
    expect(await at(last, 7_000)).toEqual([1, 0])
    // From the future.
    expect(await at(last, 50)).toEqual([1, 0])
    expect((await at(before, 1_050))[0]).toBe(1)
  })

  it('finds a chain that does not say which came before it, without registered heads too', async () => {
    const file = await tampered((lines) => [...lines, forgedLine(undefined)], false)
    const { findings } = await verifyLog([file])
    expect(findings.map(({ problem, line }) => [problem, line])).toEqual([['inserted', 31]])
  })

  it.each([
    ['with heads', true],
    ['by what the next chain says alone', false],
  ])('finds a run that was edited, linked anew and made longer, %s', async (_how, withHeads) => {
    const forge = (lines: string[]) => {
      const run = relinked(with_(lines.slice(0, 10), 5, edited), 5)
      const { id, seq, digest } = positionOf(run[9] ?? '')
      const more = `{"run":1,"n":11,"chain":{"id":"${id}","seq":${seq + 1},"prev":"${digest}"},"end":true}`
      return [...run, more, ...lines.slice(10)]
    }
    const file = await tampered(forge, false)
    const { findings } = withHeads ? await verify(file) : await verifyLog([file])
    expect(findings.map(({ problem, line }) => [problem, line])).toEqual([
      ['changed', 10],
      ['inserted', 11],
    ])
  })

  it('believes no unsigned head where a signed one is known: neither what it says of a line nor that a chain ended', async () => {
    const file = await tampered((lines) => with_(lines, 29, edited))
    const [, , last] = [...heads.values()]
    const line = (await readFile(file, 'utf8')).split('\n')[29] ?? ''
    const { keyId: _k, signature: _s, ...unsigned } = last as ChainHead
    const note = async (head: ChainHead) => appendFile(headsFileOf(file), `${JSON.stringify(head)}\n`)
    await note({ ...unsigned, digest: lineDigest(line), closed: true })
    const alone = async () =>
      (await verifyLog([file], { checks: [await key()] })).findings.map(({ problem, line }) => [problem, line])
    expect(await alone()).toEqual([['changed', 30]])

    const { id, seq, digest } = positionOf(line)
    const more = `{"n":11,"chain":{"id":"${id}","seq":${seq + 1},"prev":"${digest}"},"end":true}`
    await appendFile(file, `${more}\n`)
    await note({ ...unsigned, ...positionOf(more), closed: true })
    expect(await alone()).toEqual([
      ['changed', 30],
      ['inserted', 31],
    ])
  })

  it('believes no head that its key did not sign', async () => {
    const forger = readSigner(join(folder, 'other.pem'))
    const forged = [...heads.values()].map((head) => ({ ...head, seq: 5, signature: forger.sign('anything') }))
    const { findings } = await verify(join(original, 'log.jsonl'), forged)
    expect(findings.map(({ problem }) => problem)).toEqual(['forged', 'forged', 'forged'])
  })

  it('tells a broken piece, as a power loss leaves one, from a line that was changed', async () => {
    const { findings, notes } = await verify(await tampered((lines) => [...lines, '{"torn":']))
    expect([findings, notes.length]).toEqual([[], 1])
  })

  it('asks for no chains of other places, and for those of a place that it is told of', async () => {
    const other: ChainHead = { v: 1, chain: 'x', place: 'other:/x', seq: 3, digest: '', at: 1, closed: false }
    const registered = [...heads.values(), other]
    expect(await verify(join(original, 'log.jsonl'), registered)).toMatchObject({
      findings: [],
      notLookedFor: [{ place: 'other:/x', chains: 1 }],
    })
    const told = await verifyLog([join(original, 'log.jsonl')], {
      heads: registered,
      expects: (place) => place === 'other:/x',
    })
    expect(told.findings.map(({ problem, chain }) => [problem, chain])).toEqual([['vanished', 'x']])
    expect(told.notLookedFor).toEqual([])
  })

  it('does not ask for what ended before a time that it is given', async () => {
    const file = await tampered((lines) => lines.slice(13))
    expect((await verifyLog([file], { heads: [...heads.values()], sinceMs: 1_020 })).findings).toEqual([])
    // What is there all the same is held to its head.
    const changed = await tampered((lines) => with_(lines, 9, edited), false)
    expect((await verifyLog([changed], { heads: [...heads.values()], sinceMs: 1_020 })).findings).toMatchObject([
      { problem: 'changed', line: 10 },
    ])
  })

  it('follows a chain over rotated files, compressed ones too, and whatever their order', async () => {
    const path = join(folder, 'rotated', 'log.jsonl')
    await write(path, { rotateBytes: 800 })
    const rotated = rotatedSegments(path)
    expect(rotated.length).toBeGreaterThan(3)
    const [first = '', ...rest] = rotated
    await writeFile(`${first}.gz`, gzipSync(await readFile(first)))
    await rm(first)
    const files = [path, ...rest.toReversed(), `${first}.gz`]
    expect(await verifyLog(files)).toMatchObject({ findings: [], lines: 30 })
    const { findings } = await verifyLog(files.toSpliced(2, 1))
    expect(findings.length).toBeGreaterThan(0)
  })

  it('excuses a file that the service removed, where a head vouches for the line that says so', async () => {
    const path = join(folder, 'removed', 'log.jsonl')
    const registered = new Map<string, ChainHead>()
    const log = openChainedLog(path, {
      rotateBytes: 700,
      register: async (head) => void registered.set(head.chain, head),
    })
    for (let n = 1; n <= 20; n += 1) await log.append(`{"n":${n},`, '}')
    const [oldest = ''] = rotatedSegments(path)
    const last = (await readFile(oldest, 'utf8')).trim().split('\n').at(-1) ?? ''
    const link = linkOf(JSON.parse(last))
    const end: ChainPosition = { id: link?.id ?? '', seq: link?.seq ?? 0, digest: lineDigest(last) }
    await log.remove(oldest, [end])
    await log.close()
    const files = [...rotatedSegments(path), path]
    const options = { heads: [...registered.values()] }
    const result = await verifyLog(files, options)
    expect([result.findings, result.notes.length]).toEqual([[], 1])

    const mine = join(folder, 'mine', 'log.jsonl')
    const forger = openChainedLog(mine)
    await forger.append(`{"record":"removed","segment":"x","ends":${JSON.stringify([{ ...end, seq: 99 }])},`, '}')
    await forger.close()
    const { findings } = await verifyLog([mine], { ...options, expects: () => true })
    expect(findings.map(({ problem }) => problem)).toEqual(['inserted', 'vanished'])
  })
})
