/** Reading and writing the binary format of WebAssembly: LEB128 integers, names, byte runs. Core specification, section 5. */

/** The module is not what OPA's compiler writes; nothing of it can be metered. */
export class ModuleError extends Error {
  override readonly name = 'ModuleError'
}

export class ByteReader {
  readonly bytes: Uint8Array
  at: number
  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  byte(): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw new ModuleError('the module ends too early')
    return byte
  }
  u32(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new ModuleError('an integer is too long')
  }
  s32(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return shift < 25 && (byte & 0x40) !== 0 ? value | (-1 << (shift + 7)) : value
    }
    throw new ModuleError('an integer is too long')
  }
  /** Passes a LEB128 integer of any sign and size. */
  skipInteger(): void {
    while (this.byte() >= 0x80);
  }
  skip(count: number): void {
    this.at += count
  }
  name(): string {
    const length = this.u32()
    this.at += length
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.at - length, length).toString()
  }
}

export function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value >>> 0
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return bytes
}

export function signed(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7) {
    const low = rest & 0x7f
    const last = rest >> 7 === (low & 0x40 ? -1 : 0)
    bytes.push(last ? low : low | 0x80)
    if (last) return bytes
  }
}

export const nameBytes = (text: string): number[] => [...unsigned(Buffer.byteLength(text)), ...Buffer.from(text)]

export type Bytes = Uint8Array | readonly number[]

export function concat(parts: readonly Bytes[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
