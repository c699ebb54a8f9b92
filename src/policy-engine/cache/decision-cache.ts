/**
 * The decision cache of one thread: bounded in bytes, by time, emptied on activation, by subject, and by API. Only the engine
 * caches. Keys are exact texts, or digests of long ones: two questions share an answer only where they are equal as JSON.
 */
import { type Clock, systemClock } from '../../kernel/clock.ts'
import type { RecordedCall } from '../engine.ts'
import { writeTerm } from '../wasm/term-text.ts'
import { canonicalDigest, textKey } from './key.ts'

/** What is kept of an answer. `result` is frozen: every caller gets the same one. */
export interface KeptAnswer {
  readonly result: unknown
  /** The result as JSON. */
  readonly text: string
  /** Answers of non-deterministic built-ins that it is made of. */
  readonly recorded: ReadonlyMap<string, RecordedCall>
}

export interface CacheHit {
  readonly answer: KeptAnswer
  readonly maxAgeSeconds: number
  /** Whole seconds since it was decided. */
  readonly ageSeconds: number
}

export interface KeepOptions {
  readonly ttlSeconds: number
  /** Whose answer it is, for `purge`. */
  readonly subject: string | undefined
  /** `epoch` of the cache when the evaluation began: what was purged meanwhile is not kept. */
  readonly epoch: number
}

/** Answers to the questions of one kind: under one content, at one entrypoint, equally strict. */
export interface CacheScope {
  /** `text` is the input as JSON.stringify writes it. */
  get(text: string): CacheHit | undefined
  keep(text: string, answer: KeptAnswer, options: KeepOptions): void
  /** Asks once for all equal questions that wait at a time; `joined` is true for those that did not ask. */
  once<T>(text: string, ask: () => Promise<T>): { readonly answer: Promise<T>; readonly joined: boolean }
}

export interface CacheStats {
  readonly entries: number
  readonly bytes: number
  readonly hits: number
  readonly misses: number
  /** Questions that waited for the evaluation of an equal one. */
  readonly joined: number
  /** Entries given up for room. */
  readonly evicted: number
}

export interface DecisionCache {
  /** The name holds all that the answer depends on besides the input. Undefined where nothing is to be kept at all. */
  scope(name: string): CacheScope | undefined
  /** Forgets everything, or what was decided about one subject. */
  purge(subject?: string): void
  /** Grows with each purge. */
  readonly epoch: number
  readonly stats: CacheStats
}

const DEFAULT_CACHE_BYTES = 16 * 1024 * 1024

interface Entry {
  readonly answer: KeptAnswer
  readonly storedMs: number
  readonly ttlSeconds: number
  readonly subject: string | undefined
  readonly home: Texts
  readonly canonical: string
  /** Texts it is found by without canonicalisation: one for each order of keys that callers use. */
  readonly texts: string[]
  bytes: number
  older: Entry | undefined
  newer: Entry | undefined
}

interface Texts {
  readonly byText: Map<string, Entry>
  readonly byCanonical: Map<string, Entry>
  readonly flights: Map<string, Promise<unknown>>
}

/** An entry with its links and places in the maps. */
const ENTRY_BYTES = 512
/** Objects in memory take up to that times their JSON text. */
const BYTES_PER_RESULT_UNIT = 10
const BYTES_PER_KEY_UNIT = 2
const MAX_TEXTS = 4

function unitsOf({ text, recorded }: KeptAnswer): number {
  let units = text.length
  for (const { value } of recorded.values()) units += value === undefined ? 0 : writeTerm(value).length
  return units
}

export function createDecisionCache(maxBytes = DEFAULT_CACHE_BYTES, clock: Clock = systemClock): DecisionCache {
  const scopes = new Map<string, Texts & { readonly scope: CacheScope }>()
  const bySubject = new Map<string, Set<Entry>>()
  let newest: Entry | undefined
  let oldest: Entry | undefined
  let epoch = 0
  const stats = { entries: 0, bytes: 0, hits: 0, misses: 0, joined: 0, evicted: 0 }

  const unlink = (entry: Entry): void => {
    if (entry.newer === undefined) newest = entry.older
    else entry.newer.older = entry.older
    if (entry.older === undefined) oldest = entry.newer
    else entry.older.newer = entry.newer
    entry.older = undefined
    entry.newer = undefined
  }
  const linkAsNewest = (entry: Entry): void => {
    entry.older = newest
    if (newest !== undefined) newest.newer = entry
    newest = entry
    oldest ??= entry
  }
  const drop = (entry: Entry): void => {
    unlink(entry)
    entry.home.byCanonical.delete(entry.canonical)
    for (const text of entry.texts) entry.home.byText.delete(text)
    stats.entries -= 1
    stats.bytes -= entry.bytes
    if (entry.subject === undefined) return
    const theirs = bySubject.get(entry.subject)
    theirs?.delete(entry)
    if (theirs?.size === 0) bySubject.delete(entry.subject)
  }
  const makeRoom = (): void => {
    while (stats.bytes > maxBytes && oldest !== undefined) {
      drop(oldest)
      stats.evicted += 1
    }
  }
  const addText = (entry: Entry, key: string): void => {
    if (entry.texts.length === MAX_TEXTS) return
    entry.texts.push(key)
    entry.home.byText.set(key, entry)
    entry.bytes += key.length * BYTES_PER_KEY_UNIT
    stats.bytes += key.length * BYTES_PER_KEY_UNIT
  }
  const find = (home: Texts, text: string): Entry | undefined => {
    const key = textKey(text)
    const known = home.byText.get(key)
    if (known !== undefined || home.byCanonical.size === 0) return known
    const equal = home.byCanonical.get(canonicalDigest(text))
    if (equal !== undefined) addText(equal, key)
    return equal
  }
  const keep = (home: Texts, text: string, answer: KeptAnswer, options: KeepOptions): void => {
    const bytes = ENTRY_BYTES + unitsOf(answer) * BYTES_PER_RESULT_UNIT
    // One answer that would push out a large part of all others is not worth it.
    if (options.epoch !== epoch || bytes + text.length * BYTES_PER_KEY_UNIT > maxBytes / 8) return
    const canonical = canonicalDigest(text)
    const before = home.byCanonical.get(canonical)
    if (before !== undefined) drop(before)
    const { ttlSeconds, subject } = options
    const links = { older: undefined, newer: undefined }
    const entry: Entry = {
      answer,
      storedMs: clock.nowMs(),
      ttlSeconds,
      subject,
      home,
      canonical,
      texts: [],
      bytes,
      ...links,
    }
    home.byCanonical.set(canonical, entry)
    linkAsNewest(entry)
    stats.entries += 1
    stats.bytes += bytes
    addText(entry, textKey(text))
    if (subject !== undefined) {
      const theirs = bySubject.get(subject)
      if (theirs === undefined) bySubject.set(subject, new Set([entry]))
      else theirs.add(entry)
    }
    makeRoom()
  }
  const get = (home: Texts, text: string): CacheHit | undefined => {
    const entry = find(home, text)
    const ageMs = entry === undefined ? 0 : clock.nowMs() - entry.storedMs
    // A clock that was set back must not make answers live longer.
    if (entry === undefined || ageMs >= entry.ttlSeconds * 1000 || ageMs < 0) {
      if (entry !== undefined) drop(entry)
      stats.misses += 1
      return undefined
    }
    stats.hits += 1
    if (entry !== newest) {
      unlink(entry)
      linkAsNewest(entry)
    }
    return { answer: entry.answer, maxAgeSeconds: entry.ttlSeconds, ageSeconds: Math.floor(ageMs / 1000) }
  }
  const once = <T>({ flights }: Texts, text: string, ask: () => Promise<T>) => {
    const key = textKey(text)
    const underWay = flights.get(key)
    if (underWay !== undefined) {
      stats.joined += 1
      return { answer: underWay as Promise<T>, joined: true }
    }
    const answer = ask()
    flights.set(key, answer)
    const landed = () => {
      if (flights.get(key) === answer) flights.delete(key)
    }
    answer.then(landed, landed)
    return { answer, joined: false }
  }

  return {
    scope: (name) => {
      if (maxBytes === 0) return undefined
      const known = scopes.get(name)
      if (known !== undefined) return known.scope
      const home: Texts = { byText: new Map(), byCanonical: new Map(), flights: new Map() }
      const scope: CacheScope = {
        get: (text) => get(home, text),
        keep: (text, answer, options) => keep(home, text, answer, options),
        once: (text, ask) => once(home, text, ask),
      }
      scopes.set(name, { ...home, scope })
      return scope
    },
    purge: (subject) => {
      epoch += 1
      // Whoever asks from now on waits for no evaluation that began before.
      for (const { flights } of scopes.values()) flights.clear()
      if (subject !== undefined) {
        for (const entry of bySubject.get(subject) ?? []) drop(entry)
        return
      }
      while (oldest !== undefined) drop(oldest)
      scopes.clear()
    },
    get epoch() {
      return epoch
    },
    get stats() {
      return { ...stats }
    },
  }
}
