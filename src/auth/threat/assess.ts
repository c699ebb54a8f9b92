/** The facts of risk of a sign-in, and what its outcome adds to the counters. Interface and promises: `risk.ts`. */
import type { HttpRequest } from '../../http/message.ts'
import type { RiskFacts } from '../../policy-engine/contract/risk.ts'
import type { Attempt } from '../../storage/threat-port.ts'
import type { AssessDeps } from './assess-deps.ts'
import { facedRisk, secondsSince } from './faced-risk.ts'
import { type AssessRisk, type Attempted, isGuess, type SignInRisk } from './risk.ts'
import { FORGET_SECONDS, SOURCE_WINDOW_SECONDS } from './rules.ts'
import { noteFailure, noteSuccess } from './sign-in-outcome.ts'

/** What stood before an attempt that is counted now. */
interface Counted {
  /** Absent where nobody was named, or nothing is guessed. */
  readonly here: Attempt | undefined
  /** Absent from a device that the account knows: nobody's failures elsewhere are the owner's. And of one that should wait. */
  readonly account: Attempt | undefined
  readonly address: number
  readonly subnet: number
}

export const riskAssessor =
  (deps: AssessDeps): AssessRisk =>
  async (request, attempted) => {
    const facts = await facedRisk(deps, request, attempted)
    return signInRisk(deps, request, attempted, facts)
  }

function signInRisk(deps: AssessDeps, request: HttpRequest, attempted: Attempted, facts: RiskFacts): SignInRisk {
  let counted: Promise<Counted> | undefined
  const counting = (counts: 'everywhere' | 'here' = 'everywhere'): Promise<Counted> => {
    counted ??= count(deps, request, attempted, counts)
    return counted
  }
  return {
    facts,
    begin: async (how) => withCounted(facts, await counting(how?.counts)),
    failed: async () => {
      const { account } = await counting()
      await noteFailure(deps, request, attempted, account)
    },
    verified: async () => {
      if (counted !== undefined) await undo(deps, request, attempted, await counted)
    },
    succeeded: async (signedIn) => {
      if (counted !== undefined) await undo(deps, request, attempted, await counted)
      if (isGuess(attempted))
        await deps.store.threats.forgetAttempts(request.tenant, deps.keys.here(request, attempted))
      await noteSuccess(deps, request, attempted, signedIn, facts)
    },
  }
}

async function count(
  { store, keys, spares }: AssessDeps,
  request: HttpRequest,
  attempted: Attempted,
  counts: 'everywhere' | 'here',
): Promise<Counted> {
  const { threats, limits } = store
  const { tenant, origin } = request
  const { address } = origin
  const guesses = isGuess(attempted)
  const ofSource = (key: string) => (spares(address) ? 1 : limits.hit(tenant, key, SOURCE_WINDOW_SECONDS))
  const [here, account, ofAddress, ofSubnet] = await Promise.all([
    guesses ? threats.attempt(tenant, keys.here(request, attempted), FORGET_SECONDS) : undefined,
    attempted.device.known || !guesses || counts === 'here'
      ? undefined
      : threats.attempt(tenant, keys.account(attempted.userName), FORGET_SECONDS),
    ofSource(keys.address(address)),
    ofSource(keys.subnet(address)),
  ])
  return { here, account, address: ofAddress - 1, subnet: ofSubnet - 1 }
}

async function undo(
  { store, keys, spares }: AssessDeps,
  request: HttpRequest,
  attempted: Attempted,
  { here, account }: Counted,
): Promise<void> {
  const { threats, limits } = store
  const { tenant, origin } = request
  const ofSource = (key: string) => !spares(origin.address) && limits.hit(tenant, key, SOURCE_WINDOW_SECONDS, -1)
  await Promise.all([
    here && threats.undoAttempt(tenant, keys.here(request, attempted), here),
    account && threats.undoAttempt(tenant, keys.account(attempted.userName), account),
    ofSource(keys.address(origin.address)),
    ofSource(keys.subnet(origin.address)),
  ])
}

/** Counts only grow between the two looks, but where a success elsewhere took some back: the higher ones count. */
function withCounted(facts: RiskFacts, { here, account, address, subnet }: Counted): RiskFacts {
  const { failures, since_failure: since } = facts
  const newer = (count: number, { before }: Attempt): boolean => before.count > count
  return {
    ...facts,
    failures: {
      here: Math.max(failures.here, here?.before.count ?? 0),
      account: Math.max(failures.account, account?.before.count ?? 0),
      address: Math.max(failures.address, address),
      subnet: Math.max(failures.subnet, subnet),
    },
    since_failure: {
      ...since,
      ...(here && newer(failures.here, here) && { here: secondsSince(here.before, here.atMs) }),
      ...(account && newer(failures.account, account) && { account: secondsSince(account.before, account.atMs) }),
    },
  }
}
