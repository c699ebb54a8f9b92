/**
 * Which bundles are active together. A verified bundle is offered by whoever watches it; the set changes as a whole, one
 * change at a time, and only where no bundle claims what is another's.
 */
import { checkRoots } from './bundle/roots.ts'
import { BundleError, type BundleSet, type VerifiedBundle } from './engine.ts'

export interface ActiveSet {
  /**
   * Activates the bundle beside those that are active. `note` is called when nothing but the activation itself can fail
   * any more. Throws BundleError where the bundle does not fit in.
   */
  offer(bundle: VerifiedBundle, note: () => Promise<void>): Promise<void>
  readonly current: BundleSet | undefined
}

export interface ActiveSetOptions {
  /** Name of the platform bundle, which must be active before any other. */
  readonly platform: string
  /** Makes ready what modules see of each other's data, off the threads that decide. */
  readonly prepare?: (set: BundleSet) => Promise<BundleSet>
  /** Swaps the deciding nodes. Rejects when they cannot. */
  readonly activate: (set: BundleSet) => Promise<void>
  /** After each change. */
  readonly onChange?: () => void
}

export function createActiveSet({ platform, activate, prepare, onChange }: ActiveSetOptions): ActiveSet {
  let current: BundleSet | undefined
  let last: Promise<unknown> = Promise.resolve()

  const change = async (bundle: VerifiedBundle, note: () => Promise<void>): Promise<void> => {
    const fitting = withBundle(current, bundle, platform)
    checkRoots(fitting)
    const next = (await prepare?.(fitting)) ?? fitting
    await note()
    await activate(next)
    current = next
    onChange?.()
  }
  return {
    offer: (bundle, note) => {
      const turn = last.then(() => change(bundle, note))
      last = turn.catch(() => {})
      return turn
    },
    get current() {
      return current
    },
  }
}

function withBundle(current: BundleSet | undefined, bundle: VerifiedBundle, platform: string): BundleSet {
  if (bundle.name === platform) return [bundle, ...(current?.slice(1) ?? [])]
  if (current === undefined) throw new BundleError('no_platform', `the platform bundle ${platform} is not active yet`)
  const [first, ...others] = current
  return others.some(({ name }) => name === bundle.name)
    ? [first, ...others.map((other) => (other.name === bundle.name ? bundle : other))]
    : [first, ...others, bundle]
}
