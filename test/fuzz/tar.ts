/** Tar archives whose headers say what we like, with a checksum that fits (POSIX ustar, and pax records). */

export interface TarEntry {
  readonly name: string
  readonly content: Uint8Array
  /** `0` file, `5` folder, `1` and `2` links, `x` and `g` pax records, `L` a long name … */
  readonly type?: string
  /** Text of the size field, where it is not that of the content. */
  readonly size?: string
  readonly prefix?: string
  readonly link?: string
  readonly magic?: string
  /** By how much the checksum is off. */
  readonly off?: number
}

const BLOCK = 512

export function tarOf(entries: readonly TarEntry[], endBlocks = 2): Buffer {
  const parts = entries.flatMap((entry) => [header(entry), Buffer.from(entry.content), padding(entry.content.length)])
  return Buffer.concat([...parts, Buffer.alloc(endBlocks * BLOCK)])
}

const padding = (length: number): Buffer => Buffer.alloc((BLOCK - (length % BLOCK)) % BLOCK)

function header(entry: TarEntry): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.write(entry.name, 0, 100, 'utf8')
  block.write('0000600\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  block.write(entry.size ?? `${entry.content.length.toString(8).padStart(11, '0')}\0`, 124, 12, 'latin1')
  block.write('00000000000\0', 136)
  block.write('        ', 148)
  block.write(entry.type ?? '0', 156, 1, 'latin1')
  block.write(entry.link ?? '', 157, 100, 'utf8')
  block.write(entry.magic ?? 'ustar\u000000', 257, 8, 'latin1')
  block.write(entry.prefix ?? '', 345, 155, 'utf8')
  let sum = entry.off ?? 0
  for (const byte of block) sum += byte
  block.write(`${Math.max(sum, 0).toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

/** One pax record: its length counts itself. */
export function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`
  let length = Buffer.byteLength(rest)
  length += String(length + String(length).length).length
  return Buffer.from(`${length}${rest}`)
}
