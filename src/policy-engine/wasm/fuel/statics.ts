/**
 * The string constants of a policy, which OPA's compiler lays into its data segment as structs, one after the other: equal
 * strings handed in as those very structs are equal by address. Found once per module, kept in a custom section.
 */
import { ByteReader, nameBytes, unsigned } from './binary.ts'
import { type ModuleShape, SECTION } from './sections.ts'

export const STATICS_SECTION = 'sallyport.statics'
/** `{ type: 8, length, pointer }`, 32 bits each. */
export const STATIC_BYTES = 12
const INTERNED_STRING = 8

/** A run of structs in the module's memory. */
export interface StaticStrings {
  readonly address: number
  readonly count: number
}

export function findStatics({ bytes, sections }: ModuleShape): StaticStrings {
  const none = { address: 0, count: 0 }
  const section = sections.find(({ id }) => id === SECTION.data)
  if (section === undefined) return none
  return readSegments(bytes, section.start)
    .map(longestRun)
    .reduce((best, run) => (run.count > best.count ? run : best), none)
}

export const staticsSection = ({ address, count }: StaticStrings): number[] => [
  ...nameBytes(STATICS_SECTION),
  ...unsigned(address),
  ...unsigned(count),
]

export function readStatics(section: ArrayBuffer | undefined): StaticStrings {
  if (section === undefined) return { address: 0, count: 0 }
  const reader = new ByteReader(new Uint8Array(section))
  return { address: reader.u32(), count: reader.u32() }
}

interface Segment {
  readonly address: number
  readonly view: DataView
}

function readSegments(bytes: Uint8Array, start: number): Segment[] {
  const reader = new ByteReader(bytes, start)
  const segments: Segment[] = []
  for (let left = reader.u32(); left > 0; left--) {
    // Active, memory 0, offset by i32.const: all that OPA's compiler writes.
    if (reader.u32() !== 0 || reader.byte() !== 0x41) return []
    const address = reader.u32()
    if (reader.byte() !== 0x0b) return []
    const length = reader.u32()
    segments.push({ address, view: new DataView(bytes.buffer, bytes.byteOffset + reader.at, length) })
    reader.skip(length)
  }
  return segments
}

function longestRun({ address, view }: Segment): StaticStrings {
  let best = { address: 0, count: 0 }
  for (let at = 0; at + STATIC_BYTES <= view.byteLength; at++) {
    let count = 0
    while (isStatic(view, address, at + count * STATIC_BYTES)) count++
    if (count > best.count) best = { address: address + at, count }
    if (count > 0) at += count * STATIC_BYTES - 1
  }
  return best
}

/** Its text lies in the same segment and ends with a zero byte. */
function isStatic(view: DataView, address: number, at: number): boolean {
  if (at + STATIC_BYTES > view.byteLength || view.getUint32(at, true) !== INTERNED_STRING) return false
  const length = view.getUint32(at + 4, true)
  const text = view.getUint32(at + 8, true) - address
  return text >= 0 && text + length < view.byteLength && view.getUint8(text + length) === 0
}
