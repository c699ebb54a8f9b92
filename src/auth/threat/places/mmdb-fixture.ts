/**
 * For tests: a MaxMind DB with one network, 192.0.2.0/24, written by the format's specification 2.0: a search tree of 24-bit
 * records, the data section, the metadata.
 */
import type { Place } from '../../../storage/threat-port.ts'

const text = (value: string): Buffer => Buffer.concat([Buffer.from([(2 << 5) | value.length]), Buffer.from(value)])

function double(value: number): Buffer {
  const bytes = Buffer.alloc(9)
  bytes[0] = (3 << 5) | 8
  bytes.writeDoubleBE(value, 1)
  return bytes
}

/** Types 5 and 6: unsigned integers of 16 and 32 bits. */
function unsigned(type: 5 | 6, value: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes[0] = (type << 5) | 4
  bytes.writeUInt32BE(value, 1)
  return type === 6 ? bytes : Buffer.from([(5 << 5) | 2, (value >> 8) & 255, value & 255])
}

const map = (entries: Readonly<Record<string, Buffer>>): Buffer =>
  Buffer.concat([
    Buffer.from([(7 << 5) | Object.keys(entries).length]),
    ...Object.entries(entries).flatMap(([name, value]) => [text(name), value]),
  ])

const NETWORK = [192, 0, 2] as const

export function countryMmdb({ country, latitude, longitude }: Place & { readonly country: string }): Buffer {
  const bits = NETWORK.flatMap((byte) => Array.from({ length: 8 }, (_, index) => (byte >> (7 - index)) & 1))
  const nodes = bits.length
  const tree = Buffer.alloc(nodes * 6)
  for (const [node, bit] of bits.entries()) {
    // `nodes` means: nothing known; the data section begins 16 further.
    const next = node + 1 < nodes ? node + 1 : nodes + 16
    tree.writeUIntBE(bit === 0 ? next : nodes, node * 6, 3)
    tree.writeUIntBE(bit === 1 ? next : nodes, node * 6 + 3, 3)
  }
  const data = map({
    country: map({ iso_code: text(country) }),
    location: map({ latitude: double(latitude), longitude: double(longitude) }),
  })
  const metadata = map({
    node_count: unsigned(6, nodes),
    record_size: unsigned(5, 24),
    ip_version: unsigned(5, 4),
    database_type: text('Test-City'),
    languages: Buffer.from([0, 4]),
    binary_format_major_version: unsigned(5, 2),
    binary_format_minor_version: unsigned(5, 0),
    build_epoch: unsigned(6, 1_795_000_000),
    description: map({ en: text('made by a test') }),
  })
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')])
  return Buffer.concat([tree, Buffer.alloc(16), data, marker, metadata])
}
