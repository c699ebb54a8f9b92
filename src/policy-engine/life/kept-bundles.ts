/**
 * Copies of the bundles that were active, on disk: the last is served when the source is down, any of them after a rollback.
 * None is trusted for being here: each is verified again when it is read. With them: which one is pinned, and by whom, which
 * counts where the store confirms it.
 */
import { randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../../kernel/errors.ts'
import { replaceFile } from '../../kernel/replace-file.ts'
import { type Static, Type } from '../../schema/type.ts'
import { compile } from '../../schema/validator.ts'
import type { VerifiedBundle } from '../engine.ts'

const Kept = Type.Object({
  version: Type.Integer({ minimum: 0 }),
  digest: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  revision: Type.String(),
  key_id: Type.String(),
  size: Type.Integer({ minimum: 0 }),
  /** RFC 3339. */
  activated_at: Type.String(),
  etag: Type.Optional(Type.String()),
})
const Pin = Type.Object({
  version: Type.Integer({ minimum: 0 }),
  digest: Type.String(),
  /** Identity of the caller. */
  by: Type.String(),
  /** RFC 3339. */
  since: Type.String(),
})
const State = Type.Object({
  kept: Type.Array(Kept),
  pin: Type.Optional(Pin),
  /** Under which the store knows the pin. */
  pin_id: Type.Optional(Type.String()),
})
const isState = compile(State)

export type KeptBundle = Static<typeof Kept>
export type BundlePin = Static<typeof Pin>

/** What the store knows of pins: `pin-marks.ts`. */
export interface PinMarks {
  /** Throws DeskError where the store does not take it. */
  set(id: string, pin: BundlePin): Promise<void>
  /** For good. Throws DeskError as well. */
  lift(id: string): Promise<void>
  /** Rejects where the store does not answer. */
  holds(id: string | undefined, pin: BundlePin): Promise<boolean>
}

export interface KeptBundles {
  /** Newest version first. */
  readonly list: readonly KeptBundle[]
  readonly pin: BundlePin | undefined
  pathOf(kept: KeptBundle): string
  /** One of the same version and content takes the place of the one before. */
  keep(bundle: VerifiedBundle, archive: Uint8Array, at: string, etag: string | undefined): Promise<void>
  /** Resolves when it is in the store and on disk. Throws DeskError where the store does not take it. */
  setPin(pin: BundlePin | undefined): Promise<void>
}

export interface KeepOptions {
  /** Of this bundle alone. */
  readonly folder: string
  /** How many are kept besides a pinned one; default 5. */
  readonly count?: number
}

/**
 * Throws ConfigError where a pin may be there and cannot be read, or the store does not confirm it: it must neither be passed
 * over nor believed.
 */
export async function openKeptBundles({ folder, count = 5 }: KeepOptions, pins: PinMarks): Promise<KeptBundles> {
  const file = join(folder, 'state.json')
  let state = await readState(file)
  if (state.pin !== undefined && !(await pins.holds(state.pin_id, state.pin))) throw unconfirmed(file, state.pin)
  const pathOf = ({ version, digest }: Pick<KeptBundle, 'version' | 'digest'>) =>
    join(folder, `${version}-${digest}.tar.gz`)
  const save = async (next: Static<typeof State>) => {
    await replaceFile(file, JSON.stringify(next))
    state = next
  }
  return {
    get list() {
      return state.kept
    },
    get pin() {
      return state.pin
    },
    pathOf,
    keep: async (bundle, archive, at, etag) => {
      const { version, digest, revision, keyId, sizeBytes } = bundle
      const entry: KeptBundle = {
        ...{ version, digest, revision, key_id: keyId, size: sizeBytes, activated_at: at },
        ...(etag !== undefined && { etag }),
      }
      const others = state.kept.filter((other) => other.version !== version || other.digest !== digest)
      // Also where it was kept before: it may be signed anew.
      await replaceFile(pathOf(entry), archive)
      const sorted = [entry, ...others].sort((left, right) => right.version - left.version)
      const isPinned = ({ version, digest }: KeptBundle) =>
        state.pin?.version === version && state.pin.digest === digest
      const kept = sorted.filter((one, at) => at < count || isPinned(one))
      await save({ ...state, kept })
      for (const gone of sorted) if (!kept.includes(gone)) await rm(pathOf(gone), { force: true })
    },
    setPin: async (pin) => {
      const id = pin && randomUUID()
      if (pin && id) await pins.set(id, pin)
      if (state.pin_id !== undefined) await pins.lift(state.pin_id)
      await save({ kept: state.kept, ...(pin && id && { pin, pin_id: id }) })
    },
  }
}

async function readState(file: string): Promise<Static<typeof State>> {
  let state: unknown
  try {
    state = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return { kept: [] }
    throw damaged(file, cause)
  }
  if (!isState.check(state)) throw damaged(file)
  return state
}

const damaged = (file: string, cause?: unknown) =>
  new ConfigError(`${file} is damaged: a pin in it would be lost; mend it, or remove it`, { cause })

const unconfirmed = (file: string, { version, by }: BundlePin) =>
  new ConfigError(
    `${file} pins version ${version} by ${by}, which the store does not confirm: remove the file, and pin again where it should hold`,
  )
