/**
 * Writes src/policy-engine/builtins/time/zones.json: the names of the IANA zones and their abbreviations, which Node's own
 * zone data lacks (its offsets are used). Argument: a folder of TZif files (RFC 9636), such as Go's unpacked zoneinfo.zip.
 *
 * A zone's text is a list of eras, newest last: `<since> <offset>=<abbreviation> ...`, joined by `;`, in seconds of Unix time.
 * An era holds until an offset gets another abbreviation. Abbreviations that are the offset itself (+03) are left out.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const TARGET = new URL('../src/policy-engine/builtins/time/zones.json', import.meta.url)

interface Change {
  /** Undefined is the beginning of time. */
  readonly since: number | undefined
  readonly offset: number
  readonly abbreviation: string
}

function readChanges(file: Buffer): Change[] {
  if (file.toString('latin1', 0, 4) !== 'TZif') return []
  const first = countsAt(file, 0)
  const start =
    44 + first.times * 5 + first.types * 6 + first.chars + first.leaps * 8 + first.standards + first.universals
  const { times, types, chars, leaps, standards, universals } = countsAt(file, start)
  const timesAt = start + 44
  const typesAt = timesAt + times * 9
  const charsAt = typesAt + types * 6
  const leapBytes = leaps * 12 + standards + universals
  const names = file.toString('latin1', charsAt, charsAt + chars)
  const typeAt = (index: number): Omit<Change, 'since'> => {
    const from = file.readUInt8(typesAt + index * 6 + 5)
    return { offset: file.readInt32BE(typesAt + index * 6), abbreviation: names.slice(from, names.indexOf('\0', from)) }
  }
  const changes = Array.from({ length: times }, (_, at) => ({
    since: Number(file.readBigInt64BE(timesAt + at * 8)),
    ...typeAt(file.readUInt8(timesAt + times * 8 + at)),
  }))
  const footer = file.toString('latin1', charsAt + chars + leapBytes).trim()
  return [{ since: undefined, ...typeAt(0) }, ...changes, ...ruleOf(footer, changes.at(-1)?.since)]
}

/** The rule behind the last change: a POSIX TZ text such as EST5EDT,M3.2.0,M11.1.0. */
function ruleOf(footer: string, since: number | undefined): Change[] {
  const [, standard = '', west = '0', summer, summerWest] =
    /^(<[^>]+>|[A-Za-z]+)([-+]?[0-9:]+)(?:(<[^>]+>|[A-Za-z]+)([-+]?[0-9:]+)?)?/.exec(footer) ?? []
  if (standard === '') return []
  const offset = -secondsWest(west)
  const winter = { since, offset, abbreviation: standard.replace(/[<>]/g, '') }
  if (summer === undefined) return [winter]
  const summerOffset = summerWest === undefined ? offset + 3600 : -secondsWest(summerWest)
  // Winter again: where only summer opens an era, both belong to it.
  return [winter, { since, offset: summerOffset, abbreviation: summer.replace(/[<>]/g, '') }, winter]
}

function secondsWest(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text.replace(/^[-+]/, '').split(':').map(Number)
  return (text.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds)
}

function countsAt(file: Buffer, header: number) {
  const [universals = 0, standards = 0, leaps = 0, times = 0, types = 0, chars = 0] = Array.from(
    { length: 6 },
    (_, at) => file.readUInt32BE(header + 20 + at * 4),
  )
  return { universals, standards, leaps, times, types, chars }
}

function writeEras(changes: readonly Change[]): string {
  const eras: { since: number | undefined; names: Map<number, string> }[] = []
  for (const { since, offset, abbreviation } of changes) {
    const era = eras.at(-1)
    if (era === undefined || (era.names.get(offset) ?? abbreviation) !== abbreviation) {
      eras.push({ since, names: new Map([[offset, abbreviation]]) })
    } else era.names.set(offset, abbreviation)
  }
  return eras
    .map(({ since, names }) => [since ?? '', ...[...names].filter(isWord).map((pair) => pair.join('='))].join(' '))
    .join(';')
}

const isWord = ([, abbreviation]: readonly [number, string]): boolean => /^[A-Za-z]/.test(abbreviation)

const folder = process.argv[2]
if (folder === undefined) throw new Error('name a folder of TZif files')
const zones = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => statSync(join(folder, name)).isFile() && name !== 'Factory')
  .sort()
  .map((name) => [name, writeEras(readChanges(readFileSync(join(folder, name))))] as const)
writeFileSync(TARGET, `${JSON.stringify(Object.fromEntries(zones), null, 2)}\n`)
