/** The bare @open-policy-agent/opa-wasm package as its own page shows it: default memory, object in, result set out. */
import opa from '@open-policy-agent/opa-wasm'
import type { BenchBundle } from '../bundle.ts'

/** Answers whether `decision` at the entrypoint was allowed. */
export function bareSdk({ wasm, dataJson }: BenchBundle, entrypoint: string): (input: unknown) => boolean {
  const policy = opa.loadPolicySync(wasm)
  policy.setData(JSON.parse(new TextDecoder().decode(dataJson)))
  return (input) => {
    const [answer] = policy.evaluate(input, entrypoint) as readonly { readonly result?: { readonly allow?: unknown } }[]
    return answer?.result?.allow === true
  }
}
