/** Changes of valid bytes and values: small, several at once, the same for the same seed. */
import type { Random } from '../../src/policy-engine/builtins/encoding/random.ts'

const BYTES = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x20, 0x22, 0x2e, 0x2f, 0x30, 0x5b, 0x5c, 0x7b, 0x7d] as const

export function mutateBytes(random: Random, source: Uint8Array, times = random.between(1, 4)): Buffer {
  let bytes: Buffer = Buffer.from(source)
  for (let turn = 0; turn < times; turn++) bytes = mutateOnce(random, bytes)
  return bytes
}

function mutateOnce(random: Random, bytes: Buffer): Buffer {
  if (bytes.length === 0) return Buffer.from([random.below(256)])
  const at = random.below(bytes.length)
  const length = Math.min(random.between(1, random.chance(4) ? 64 : 4), bytes.length - at)
  switch (random.below(8)) {
    case 0:
      return bytes.subarray(0, at)
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at)])
    case 3:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([random.pick(...BYTES)]), bytes.subarray(at)])
    case 4: {
      const from = random.below(bytes.length)
      bytes.copy(bytes, at, from, Math.min(from + length, bytes.length))
      return bytes
    }
    case 5:
      bytes[at] = random.pick(...BYTES)
      return bytes
    case 6:
      bytes[at] = random.below(256)
      return bytes
    default:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
      return bytes
  }
}

/** As UTF-8; it need not stay that. */
export const mutateText = (random: Random, text: string): Buffer => mutateBytes(random, Buffer.from(text))

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 53,
  1e308,
  '',
  '/',
  '..',
  '\u0000',
  '\ud800',
  'ü\u2028\u{1f600}',
  [],
  {},
  [[]],
  [null],
  { '': null },
  { __proto__: 1 },
  'x'.repeat(300),
]
const KEYS = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'input',
  'INPUT',
  'roots',
  'wasm',
  'revision',
  '\u0000',
  'é',
] as const

type Json = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** One to three places of a JSON value hold another value, go, come twice, or are called otherwise. */
export function mutateJson(random: Random, source: unknown): unknown {
  let value = source
  for (let times = random.between(1, 3); times > 0; times--) value = change(random, value, source)
  return value
}

function change(random: Random, value: unknown, whole: unknown): unknown {
  if (isObject(value) && !random.chance(8)) {
    const names = Object.keys(value)
    const name = names[random.below(names.length)]
    if (name === undefined || random.chance(8)) return { ...value, [random.pick(...KEYS)]: any(random, whole) }
    const { [name]: old, ...rest } = value
    if (random.chance(8)) return rest
    if (random.chance(8)) return { ...rest, [random.chance(2) ? name.toUpperCase() : random.pick(...KEYS)]: old }
    return { ...value, [name]: change(random, old, whole) }
  }
  if (Array.isArray(value) && value.length > 0 && !random.chance(6)) {
    const at = random.below(value.length)
    if (random.chance(6)) return value.toSpliced(at, 1)
    if (random.chance(6)) return [...value, value[at]]
    return value.with(at, change(random, value[at], whole))
  }
  if (typeof value === 'string' && !random.chance(3)) return mutateText(random, value).toString('utf8')
  if (typeof value === 'number' && !random.chance(3)) return value + random.pick(1, -1, 0.5, 1e21)
  return any(random, whole)
}

function any(random: Random, whole: unknown): unknown {
  if (random.chance(16)) return whole
  if (random.chance(16)) return nested(random.between(2, 400))
  return VALUES[random.below(VALUES.length)]
}

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}
