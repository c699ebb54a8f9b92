/**
 * Which bundles are active together. A verified bundle is offered by whoever watches it; the set changes as a whole, one
 * change at a time, and only where no bundle claims what is another's.
 */
import { checkRoots } from '../bundle/roots.ts'
import { BundleError, type BundleSet, type VerifiedBundle } from '../engine.ts'

export interface ActiveSet {
  /**
   * Activates the bundle beside those that are active. `note` is called when nothing but the activation itself can fail
   * any more. Throws BundleError where the bundle does not fit in.
   */
  offer(bundle: VerifiedBundle, note: () => Promise<void>): Promise<void>
  /** Takes a bundle out of force. Without the platform's nothing is: the others wait for its return. */
  withdraw(name: string): Promise<void>
  readonly current: BundleSet | undefined
}

export interface ActiveSetOptions {
  /** Name of the platform bundle, which must be active before any other. */
  readonly platform: string
  /** Makes ready what modules see of each other's data, off the threads that decide. */
  readonly prepare?: (set: BundleSet) => Promise<BundleSet>
  /** Swaps the deciding nodes. Rejects when they cannot. */
  readonly activate: (set: BundleSet) => Promise<void>
  /** Nothing is in force until the next activation. */
  readonly deactivate: () => void
  /** After each change. */
  readonly onChange?: () => void
}

export function createActiveSet(options: ActiveSetOptions): ActiveSet {
  const { platform, prepare, activate, deactivate, onChange } = options
  let current: BundleSet | undefined
  /** Of bundles beside the platform's, while that is out of force. */
  let waiting: readonly VerifiedBundle[] = []
  let last: Promise<unknown> = Promise.resolve()

  const change = async (bundle: VerifiedBundle, note: () => Promise<void>): Promise<void> => {
    const fitting = withBundle(current, bundle, platform, waiting)
    checkRoots(fitting)
    const next = (await prepare?.(fitting)) ?? fitting
    await note()
    await activate(next)
    current = next
    waiting = []
    onChange?.()
  }
  const withdraw = async (name: string): Promise<void> => {
    waiting = waiting.filter((other) => other.name !== name)
    if (name === platform) {
      // Whatever the nodes hold, also where nothing is known to be in force.
      deactivate()
      waiting = current?.slice(1) ?? waiting
      current = undefined
      return
    }
    if (current === undefined) return
    const [first, ...others] = current
    if (others.every((other) => other.name !== name)) return
    const left: BundleSet = [first, ...others.filter((other) => other.name !== name)]
    // Where the others cannot go on without it, nothing does: it must not stay in force.
    current = left
    try {
      const next = (await prepare?.(left)) ?? left
      await activate(next)
      current = next
    } catch (error) {
      deactivate()
      throw error
    }
    onChange?.()
  }
  const inTurn = (action: () => Promise<void>): Promise<void> => {
    const turn = last.then(action)
    last = turn.catch(() => {})
    return turn
  }
  return {
    offer: (bundle, note) => inTurn(() => change(bundle, note)),
    withdraw: (name) => inTurn(() => withdraw(name)),
    get current() {
      return current
    },
  }
}

function withBundle(
  current: BundleSet | undefined,
  bundle: VerifiedBundle,
  platform: string,
  waiting: readonly VerifiedBundle[],
): BundleSet {
  if (bundle.name === platform) return [bundle, ...(current?.slice(1) ?? waiting)]
  if (current === undefined) throw new BundleError('no_platform', `the platform bundle ${platform} is not active yet`)
  const [first, ...others] = current
  return others.some(({ name }) => name === bundle.name)
    ? [first, ...others.map((other) => (other.name === bundle.name ? bundle : other))]
    : [first, ...others, bundle]
}
