/** Places from a text: `network,country` or `network,country,latitude,longitude` on each line; the narrowest network counts. */
import { isIP, isIPv6 } from 'node:net'
import { COUNTRY, type Located, type PlaceSource, placeAt } from './places.ts'

/** Throws, naming the line, where one is not so. */
export function csvPlaces(text: string): PlaceSource {
  const networks = new Map<string, Located>()
  const lengths = { 4: new Set<number>(), 6: new Set<number>() }
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#') || (index === 0 && line.startsWith('network,'))) continue
    const { family, bits, length, located } = parseLine(line, index + 1)
    networks.set(keyOf(family, bits, length), located)
    lengths[family].add(length)
  }
  const descending = { 4: [...lengths[4]].sort((a, b) => b - a), 6: [...lengths[6]].sort((a, b) => b - a) }
  return {
    find: (address) => {
      const family = isIP(address)
      if (family !== 4 && family !== 6) return undefined
      const bits = bitsOf(address)
      for (const length of descending[family]) {
        const located = networks.get(keyOf(family, bits, length))
        if (located !== undefined) return located
      }
      return undefined
    },
  }
}

interface Line {
  readonly family: 4 | 6
  readonly bits: bigint
  readonly length: number
  readonly located: Located
}

function parseLine(line: string, number: number): Line {
  const wrong = (what: string) => new Error(`line ${number}: ${what}`)
  const [network = '', country = '', ...coordinates] = line.split(',').map((part) => part.trim())
  const [address = '', prefix] = network.split('/')
  const family = isIP(address)
  if (family !== 4 && family !== 6) throw wrong(`${network} is no network`)
  const most = family === 4 ? 32 : 128
  const length = prefix === undefined ? most : Number(prefix)
  if (!Number.isInteger(length) || length < 0 || length > most) throw wrong(`${network} is no network`)
  if (country !== '' && !COUNTRY.test(country))
    throw wrong(`${country} is no country of ISO 3166-1 (two capital letters)`)
  const [latitude = '', longitude = ''] = coordinates
  const place = latitude === '' || longitude === '' ? undefined : placeAt(Number(latitude), Number(longitude))
  if (coordinates.some((text) => text !== '') && place === undefined) throw wrong('latitude and longitude are no place')
  return {
    family,
    bits: bitsOf(address),
    length,
    located: { ...(country !== '' && { country }), ...(place && { place }) },
  }
}

const keyOf = (family: 4 | 6, bits: bigint, length: number): string =>
  `${family} ${length} ${bits >> BigInt((family === 4 ? 32 : 128) - length)}`

function bitsOf(address: string): bigint {
  if (!isIPv6(address)) return address.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n)
  const [head = '', tail] = withoutDots(address).split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const full = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  return full.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n)
}

/** RFC 4291 2.2: the last 32 bits may be written as IPv4. */
function withoutDots(address: string): string {
  const at = address.lastIndexOf(':') + 1
  const last = address.slice(at)
  if (!last.includes('.')) return address
  const [a = 0, b = 0, c = 0, d = 0] = last.split('.').map(Number)
  return `${address.slice(0, at)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}
