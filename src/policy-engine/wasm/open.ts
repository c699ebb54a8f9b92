/** Which Evaluator answers: our own host, or the package that it must agree with. A bundle is loaded for one of them. */
import type { Evaluator, VerifiedBundle } from '../engine.ts'
import { dataOnly } from './data-only.ts'
import { meterModule } from './fuel/meter.ts'
import { openHost } from './host.ts'
import { openEvaluator } from './sdk.ts'

/** `host`: deadlines, all built-ins, exact values. `sdk`: @open-policy-agent/opa-wasm. */
export type Engine = 'host' | 'sdk'
export const DEFAULT_ENGINE: Engine = 'host'

export type PolicyModules = Pick<VerifiedBundle, 'wasm' | 'metered'>

/** Throws ModuleError or CompileError when the bytes are no module of OPA's compiler. */
export async function compileFor(engine: Engine, bytes: Uint8Array): Promise<PolicyModules> {
  const wasm = await WebAssembly.compile(bytes)
  return engine === 'sdk' ? { wasm } : { wasm, metered: await WebAssembly.compile(meterModule(bytes)) }
}

/** Throws EvaluationError when the module or its data cannot be loaded. */
export function openBundle({ wasm, metered, dataJson }: PolicyModules & Pick<VerifiedBundle, 'dataJson'>): Evaluator {
  if (wasm === undefined) return dataOnly(dataJson)
  return metered === undefined ? openEvaluator({ wasm, dataJson }) : openHost({ metered, dataJson })
}
