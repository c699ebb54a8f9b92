/** Places of addresses, from both kinds of files. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError } from '../../../kernel/errors.ts'
import { csvPlaces } from './csv.ts'
import { mmdbPlaces } from './mmdb.ts'
import { countryMmdb } from './mmdb-fixture.ts'
import { openPlaces } from './open.ts'
import { coarse, kilometresBetween } from './places.ts'

const BERLIN = { latitude: 52.52, longitude: 13.405 }
const AUCKLAND = { latitude: -36.85, longitude: 174.76 }

test('distances along the great circle', () => {
  expect(kilometresBetween(BERLIN, BERLIN)).toBe(0)
  expect(Math.abs(kilometresBetween(BERLIN, { latitude: 48.137, longitude: 11.575 }) - 504)).toBeLessThan(3)
  expect(Math.abs(kilometresBetween(BERLIN, AUCKLAND) - 17_730)).toBeLessThan(60)
  expect(kilometresBetween({ latitude: 0, longitude: 0 }, { latitude: 0, longitude: 180 })).toBe(20015)
  expect(kilometresBetween({ latitude: 10, longitude: 179.9 }, { latitude: 10, longitude: -179.9 })).toBeLessThan(25)
  expect(coarse(BERLIN)).toEqual({ latitude: 52.5, longitude: 13.4 })
})

test('a CSV: the narrowest network counts, of both families', () => {
  const { find } = csvPlaces(
    'network,country,latitude,longitude\n# ours\n192.0.2.0/24,DE,52.5,13.4\r\n192.0.2.128/25,FR\n2001:db8::/32,NZ,-36.9,174.8\n2001:db8::ff00:0:0:1,IT\n::ffff:0:0/96,,1,2\n198.51.100.7,US\n',
  )
  expect(find('192.0.2.1')).toEqual({ country: 'DE', place: { latitude: 52.5, longitude: 13.4 } })
  expect(find('192.0.2.200')).toEqual({ country: 'FR' })
  expect(find('2001:db8:1::5')).toMatchObject({ country: 'NZ' })
  expect(find('2001:db8::ff00:0:0:1')).toEqual({ country: 'IT' })
  expect(find('::ffff:203.0.113.1')).toEqual({ place: { latitude: 1, longitude: 2 } })
  expect(find('198.51.100.7')).toEqual({ country: 'US' })
  for (const unknown of ['198.51.100.8', '2001:db9::1', '', 'localhost', '1.2.3']) expect(find(unknown)).toBeUndefined()
})

test.each(['192.0.2.0/33,DE', 'example,DE', '192.0.2.0/24,Germany', '192.0.2.0/24,DE,91,0', '192.0.2.0/24,DE,5'])(
  'a CSV with %s is refused, with the line',
  (line) => {
    expect(() => csvPlaces(`192.0.2.0/24,DE\n${line}\n`)).toThrow(/^line 2: /)
  },
)

test('a MaxMind DB: country and coordinates, and nothing of what it doesn’t hold', () => {
  const { find } = mmdbPlaces(countryMmdb({ country: 'NZ', ...AUCKLAND }))
  expect(find('192.0.2.1')).toEqual({ country: 'NZ', place: AUCKLAND })
  expect(find('1.2.3.4')).toBeUndefined()
  expect(find('nowhere')).toBeUndefined()
})

test('the file is read again when it changes; one that cannot be read leaves the old one in force, and none stops the start', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'places-'))
  const file = join(folder, 'places.csv')
  expect(() => openPlaces({ file }, () => undefined)).toThrow(ConfigError)
  writeFileSync(file, '192.0.2.0/24,DE\n')
  const refused: unknown[] = []
  const places = openPlaces({ file, everyMs: 20 }, (error) => refused.push(error))
  expect(places.find('192.0.2.1')).toEqual({ country: 'DE' })
  const replace = (text: string) => {
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }
  // The first look may come late: each round writes the file once more.
  let round = 0
  const afterChange = () => {
    round += 1
    replace(`# ${'x'.repeat(round)}\n192.0.2.0/24,FR\n`)
    return places.find('192.0.2.1')
  }
  await expect.poll(afterChange).toEqual({ country: 'FR' })
  replace('nonsense\n')
  await expect.poll(() => refused.length).toBe(1)
  expect(places.find('192.0.2.1')).toEqual({ country: 'FR' })
  places.close()
  rmSync(folder, { recursive: true })
  expect(openPlaces(undefined, () => undefined).find('192.0.2.1')).toBeUndefined()
})
