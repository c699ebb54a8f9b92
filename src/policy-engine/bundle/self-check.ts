/** The last step before a bundle may serve: it loads, has what the platform asks, and answers an empty question in shape. */
import { BundleError } from '../engine.ts'
import { CONTRACT } from '../validate.ts'
import { openBundle } from '../wasm/open.ts'

/** Entrypoints of the module. Rejects with BundleError where one is missing, traps, or answers what the contract does not allow. */
export async function selfCheck(
  bundle: Parameters<typeof openBundle>[0],
  required: readonly string[],
): Promise<readonly string[]> {
  const evaluator = await openBundle(bundle).catch(failsWith('the module cannot be loaded'))
  try {
    const missing = required.filter((entrypoint) => !evaluator.entrypoints.has(entrypoint))
    if (missing.length > 0) throw new BundleError('missing_entrypoint', `the bundle lacks ${missing.join(', ')}`)
    for (const entrypoint of required) {
      const result = attempt(`${entrypoint} traps on an empty input`, () => evaluator.evaluate(entrypoint, {}))
      const decision = Object.values(CONTRACT).find((contract) => contract.entrypoint === entrypoint)
      if (decision !== undefined && !decision.isResult(result)) {
        throw new BundleError(
          'self_check_failed',
          `${entrypoint} answers an empty input out of contract: ${decision.resultFault(result)}`,
        )
      }
    }
    return [...evaluator.entrypoints]
  } finally {
    evaluator.close()
  }
}

const failsWith = (message: string) => (cause: unknown) => {
  throw new BundleError('self_check_failed', message, { cause })
}

function attempt<T>(message: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    return failsWith(message)(cause)
  }
}
