/** What others are told of a bundle: never before the status that they may ask for says the same. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { FIXTURE_KEYS } from '../bundle/bundle-fixture.ts'
import type { BundleKey } from '../bundle/signature.ts'
import { openRoom, packed, type Room } from './activator-fixture.ts'
import { type TrustedKeys, watchedKeys } from './trusted-keys.ts'

let room: Room
let trusted: readonly BundleKey[]
let keys: TrustedKeys
beforeEach(async () => {
  room = await openRoom()
  trusted = FIXTURE_KEYS
  keys = watchedKeys({ first: trusted, read: async () => trusted, onTrouble: () => {}, everyMs: 60_000 })
})
afterEach(async () => {
  keys.close()
  await room.close()
})
const path = () => join(room.folder, 'bundle.tar.gz')

it('tells of an activation when the status has its version, and does not wait for the copy on disk', async () => {
  await writeFile(path(), await packed(1))
  const followed = await room.follow({ path: path() })
  await writeFile(path(), await packed(2))
  await followed.until(() => followed.tracker.status.version === 2)
  expect(followed.told).toEqual([
    { type: 'bundle.activated', status: 1 },
    { type: 'bundle.activated', status: 2 },
  ])
  expect(followed.activator.kept.map(({ version }) => version)).toEqual([1])
})

it.each([
  ['the threads that decide go on', async () => {}],
  ['those cannot go on without it', () => Promise.reject(new Error('no memory'))],
])('tells of a withdrawal when the status has no version any more, where %s', async (_where, withdraw) => {
  await writeFile(path(), await packed(1))
  const followed = await room.follow({ path: path(), keys }, { withdraw })
  trusted = []
  await keys.refresh()
  await followed.until(() => followed.tracker.status.version === undefined)
  expect(followed.told.at(-1)).toEqual({ type: 'bundle.withdrawn', status: undefined })
})
