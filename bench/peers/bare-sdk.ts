/** The bare @open-policy-agent/opa-wasm package as its own page shows it: default memory, object in, result set out. */
import { createRequire } from 'node:module'
import type { BenchBundle } from '../bundle.ts'

// The package's ES entry leaves this function out, its CommonJS entry has it.
const { loadPolicySync } = createRequire(import.meta.url)(
  '@open-policy-agent/opa-wasm',
) as typeof import('@open-policy-agent/opa-wasm')

/** Answers whether `decision` at the entrypoint was allowed. */
export function bareSdk({ wasm, dataJson }: BenchBundle, entrypoint: string): (input: unknown) => boolean {
  const policy = loadPolicySync(wasm)
  policy.setData(JSON.parse(new TextDecoder().decode(dataJson)))
  return (input) => {
    const [answer] = policy.evaluate(input, entrypoint) as readonly { readonly result?: { readonly allow?: unknown } }[]
    return answer?.result?.allow === true
  }
}
