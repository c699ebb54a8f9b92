/**
 * Verifies the files of a log against their own links and against heads of their chains: those noted beside the files, and
 * those registered elsewhere. Finds any edit, move, insertion or deletion, a chain that vanished or that nobody registered, and a
 * cut up to the last head.
 * What it cannot find: a cut of lines after the last head, and anything done by whoever holds the log's key and the heads.
 */
import { type Clock, systemClock } from '../../kernel/clock.ts'
import type { ChainHead } from '../../storage/records.ts'
import type { SignatureCheck } from '../signer.ts'
import { type Expectation, Expectations } from './expectations.ts'
import type { ChainReport, Finding, Verification } from './findings.ts'
import { Follower, linkToBefore, where } from './follow.ts'
import { collectHeads, type KnownHead } from './heads.ts'
import { type Line, linesOf } from './lines.ts'
import { strangers } from './strangers.ts'

export interface VerifyOptions {
  /** Registered elsewhere than in the files: where they are given, a chain that no trusted head names is a fault. */
  readonly heads?: readonly ChainHead[]
  /** Keys whose signatures are believed. */
  readonly checks?: readonly SignatureCheck[]
  /** Of which places all chains must be there; besides those that the files are from. */
  readonly expects?: (place: string) => boolean
  /** Chains that ended before may be missing, and beginnings of others (milliseconds since the epoch). */
  readonly sinceMs?: number | undefined
  /** When the heads were asked for. Default: now. */
  readonly startedMs?: number
  readonly clock?: Clock
}

export async function verifyLog(files: readonly string[], options: VerifyOptions = {}): Promise<Verification> {
  const { sinceMs = Number.NEGATIVE_INFINITY, clock = systemClock } = options
  const { startedMs = clock.nowMs() } = options
  const collected = await collectHeads(files, options.heads ?? [], options.checks ?? [])
  const heads = collected.heads.filter(({ head }) => head.at >= sinceMs)
  const expectations = new Expectations()
  for (const { head, by, trusted } of collected.heads) expectations.addHead(head, by, trusted, head.at >= sinceMs)

  const ordered = await inOrder(files)
  // Before the chains are followed: what the next chain says of a line holds whatever comes after that line.
  for (const file of ordered) for await (const line of linesOf(file)) addLink(expectations, line)
  const follower = new Follower(expectations)
  for (const file of ordered) for await (const line of linesOf(file)) follower.read(line)
  follower.end()

  const removed = believedRemovals(follower, heads)
  const asked = chainsToFind(heads, follower, options.expects ?? (() => false))
  const unknown = strangers(follower, expectations, options.heads && startedMs, clock.nowMs())
  const mayBeGone = (chain: string, { seq, isLink }: Expectation) =>
    (removed.get(chain)?.seq ?? 0) >= seq || (options.sinceMs !== undefined && isLink && !follower.chains.has(chain))
  const findings = [
    ...collected.findings,
    ...follower.findings,
    ...unknown.findings,
    ...(options.sinceMs === undefined ? beginnings(follower, removed) : []),
    ...[...expectations.chains].flatMap((chain) => {
      const last = expectations.furthest(chain)
      const lost =
        last === undefined || mayBeGone(chain, last) ? [] : losses(follower, chain, last, expectations, asked)
      return [...lost, ...overruns(follower, chain, expectations.end(chain))]
    }),
  ]
  const notes = [...follower.notes, ...unknown.notes]
  const notLookedFor = passedOver(heads, follower, asked, removed)
  return { files: files.length, lines: follower.lines, chains: reports(follower), findings, notLookedFor, notes }
}

function addLink(expectations: Expectations, line: Line): void {
  const link = linkToBefore(line)
  if (link !== undefined) expectations.addLink(link.after.id, link.after.seq, link.prev, where(line))
}

/** Files in the order of the times of their first lines: a chain goes on from file to file. */
async function inOrder(files: readonly string[]): Promise<readonly string[]> {
  const timed = await Promise.all(files.map(async (file) => ({ file, time: await firstTime(file) })))
  return timed.toSorted((a, b) => a.time.localeCompare(b.time)).map(({ file }) => file)
}

async function firstTime(file: string): Promise<string> {
  for await (const { bytes } of linesOf(file)) {
    const time = /"timestamp":"([^"]+)"/.exec(Buffer.from(bytes).toString('utf8'))?.[1]
    if (time !== undefined) return time
  }
  return ''
}

type Ends = ReadonlyMap<string, { readonly seq: number; readonly digest: string }>

/**
 * What the service says that it removed after upload counts where a trusted head vouches for the line that says so: anybody
 * could begin a chain of his own to excuse what he took. Without any trusted head nothing could vouch.
 */
function believedRemovals({ removals, trusted }: Follower, heads: readonly KnownHead[]): Ends {
  const anyTrusted = heads.some((head) => head.trusted)
  const ends = new Map<string, { seq: number; digest: string }>()
  for (const { end, saidBy } of removals) {
    if (anyTrusted && (trusted.get(saidBy.id) ?? 0) < saidBy.seq) continue
    if ((ends.get(end.id)?.seq ?? 0) < end.seq) ends.set(end.id, end)
  }
  return ends
}

/** Chains whose absence is a fault: of the places asked for, and of those that the files are from. */
function chainsToFind(
  heads: readonly KnownHead[],
  { chains }: Follower,
  expects: (place: string) => boolean,
): ReadonlySet<string> {
  const places = new Set(heads.filter(({ head }) => chains.has(head.chain)).map(({ head }) => head.place))
  const wanted = heads.filter(({ head }) => places.has(head.place) || expects(head.place))
  return new Set(wanted.map(({ head }) => head.chain))
}

/** By place: an operator sees what he would have to name. */
function passedOver(
  heads: readonly KnownHead[],
  { chains }: Follower,
  asked: ReadonlySet<string>,
  removed: Ends,
): Verification['notLookedFor'] {
  const places = new Map<string, Set<string>>()
  for (const { head } of heads) {
    if (chains.has(head.chain) || asked.has(head.chain) || removed.has(head.chain)) continue
    places.set(head.place, (places.get(head.place) ?? new Set()).add(head.chain))
  }
  return [...places].map(([place, of]) => ({ place, chains: of.size }))
}

/** A chain begins with its first line, or after what the service removed. */
function beginnings({ chains }: Follower, removed: Ends): Finding[] {
  return [...chains].flatMap(([chain, { first, firstAt }]): Finding[] => {
    const end = removed.get(chain)
    if (first.seq === 1 || (end?.seq === first.seq - 1 && end.digest === first.prev)) return []
    const detail = `the chain begins here with line ${first.seq}; those before are gone`
    return [{ problem: 'missing', file: firstAt.file, line: firstAt.number, chain, detail }]
  })
}

function losses(
  { chains }: Follower,
  chain: string,
  { seq, by }: Expectation,
  expectations: Expectations,
  asked: ReadonlySet<string>,
): Finding[] {
  const followed = chains.get(chain)
  if (followed === undefined) {
    if (!asked.has(chain) && !expectations.isNamedByNext(chain)) return []
    return [{ problem: 'vanished', file: by, chain, detail: `none of the ${seq} lines of this chain is there` }]
  }
  if (followed.seq >= seq) return []
  const { file, number: line } = followed.at
  const detail = `${seq - followed.seq} lines after this one are gone: ${by} knows ${seq} of its chain`
  return [{ problem: 'cut', file, line, chain, detail }]
}

function overruns({ chains }: Follower, chain: string, end: Expectation | undefined): Finding[] {
  const followed = chains.get(chain)
  if (followed === undefined || end === undefined || followed.seq <= end.seq) return []
  const { file, number: line } = followed.at
  const detail = `line ${followed.seq} of its chain stands here, after its end with line ${end.seq} that ${end.by} knows`
  return [{ problem: 'inserted', file, line, chain, detail }]
}

const reports = ({ chains, proven }: Follower): readonly ChainReport[] =>
  [...chains].map(([chain, { first, at, seq }]) => ({
    chain,
    file: at.file,
    firstSeq: first.seq,
    lastSeq: seq,
    provenSeq: proven.get(chain) ?? 0,
  }))
