/**
 * The files of one log. `<name>.jsonl` is the one that is written; after a rotation it is `<name>.<UTC time>.jsonl`, so that
 * names in order are files in order. Beside each lies `<name>….heads`, what was known of its chains at each checkpoint.
 */
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const EXTENSION = '.jsonl'

export const headsFileOf = (segment: string): string => `${segment.slice(0, -EXTENSION.length)}.heads`

/** A name that no file has yet, later in order than those given before. */
export function rotatedPath(path: string, nowMs: number): string {
  for (let ms = nowMs; ; ms += 1) {
    const stamp = new Date(ms).toISOString().replaceAll(/[-:.]/g, '')
    const rotated = `${path.slice(0, -EXTENSION.length)}.${stamp}${EXTENSION}`
    if (!existsSync(rotated)) return rotated
  }
}

/** Rotated files of the log at `path`, the oldest first. */
export function rotatedSegments(path: string): readonly string[] {
  const stem = basename(path).slice(0, -EXTENSION.length)
  const names = readdirSync(dirname(path)).filter((name) => {
    const stamp = name.slice(stem.length, -EXTENSION.length)
    return name.startsWith(stem) && name.endsWith(EXTENSION) && /^\.\d{8}T\d{9}Z$/.test(stamp)
  })
  return names.toSorted().map((name) => join(dirname(path), name))
}

export const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

const TAIL_BYTES = 64 * 1024

/**
 * The last whole line (before `end`, where it is given), and whether something torn stands behind it: what a power loss left of
 * a write.
 */
export function tailOf(path: string, end?: number): { readonly line: Uint8Array | undefined; readonly torn: boolean } {
  if (!existsSync(path)) return { line: undefined, torn: false }
  const fd = openSync(path, 'r')
  try {
    const size = Math.min(end ?? Number.POSITIVE_INFINITY, fstatSync(fd).size)
    for (let length = TAIL_BYTES; ; length *= 4) {
      const from = Math.max(0, size - length)
      const bytes = Buffer.alloc(size - from)
      readSync(fd, bytes, 0, bytes.byteLength, from)
      const last = bytes.lastIndexOf(10)
      const begin = last <= 0 ? -1 : bytes.lastIndexOf(10, last - 1)
      if (begin < 0 && from > 0) continue
      const torn = last + 1 < bytes.byteLength
      return { line: last < 0 ? undefined : bytes.subarray(begin + 1, last), torn }
    }
  } finally {
    closeSync(fd)
  }
}
