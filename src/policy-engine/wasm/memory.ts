/** Views of a module's linear memory, renewed when it has grown. Addresses stay below 2 GiB, so that an int32 holds them. */

export const PAGE = 64 * 1024
/** One page short of 2 GiB. */
export const MAX_PAGES = 32_767

/** Structs take two or three times their JSON text, more as the text is all keys and short numbers. */
const PAGES_PER_DATA_PAGE = 3
/** What the module's own parser makes of text takes about twelve times as much. */
export const PARSED_PER_DATA_BYTE = 13
const BASE_PAGES = 32

/** Of an instance whose data is yet to be written: it grows as it must, and evaluations may add their share. */
export function memoryFor(dataBytes: number, evaluationPages: number): { pages: number; maxPages: number } {
  const dataPages = Math.ceil(dataBytes / PAGE)
  const most = BASE_PAGES + dataPages * PARSED_PER_DATA_BYTE + evaluationPages
  return { pages: BASE_PAGES + dataPages * PAGES_PER_DATA_PAGE, maxPages: Math.min(most, MAX_PAGES) }
}

export class LinearMemory {
  readonly memory: WebAssembly.Memory
  i32: Int32Array
  u8: Uint8Array
  /** For addresses that are not aligned: OPA's allocator aligns nothing. */
  view: DataView
  buffer: Buffer

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory
    this.i32 = new Int32Array(memory.buffer)
    this.u8 = new Uint8Array(memory.buffer)
    this.view = new DataView(memory.buffer)
    this.buffer = Buffer.from(memory.buffer)
  }

  /** After each call into the module, and before the next look at its memory: growing detaches the old views. */
  refresh(): void {
    if (this.u8.length !== 0) return
    const { buffer } = this.memory
    this.i32 = new Int32Array(buffer)
    this.u8 = new Uint8Array(buffer)
    this.view = new DataView(buffer)
    this.buffer = Buffer.from(buffer)
  }

  get pages(): number {
    return this.u8.length / PAGE
  }

  word(address: number): number {
    return (address & 3) === 0 ? (this.i32[address >> 2] as number) : this.view.getInt32(address, true)
  }

  text(address: number, length: number): string {
    return this.buffer.toString('utf8', address, address + length)
  }

  /** Up to the zero byte. */
  cString(address: number): string {
    return this.buffer.toString('utf8', address, this.buffer.indexOf(0, address))
  }
}
