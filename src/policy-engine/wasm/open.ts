/** Which Evaluator answers: our own host, or the package that it must agree with. A bundle is loaded for one of them. */
import type { Evaluator, VerifiedBundle } from '../engine.ts'
import { dataOnly } from './data-only.ts'
import { meterModule } from './fuel/meter.ts'
import { openHost } from './host.ts'
import type { PolicyImage } from './image.ts'
import { NO_IMPORTS } from './instance.ts'
import { fill, takeImage } from './loaded.ts'
import { memoryFor } from './memory.ts'
import type { HostOptions } from './runner.ts'
import { openEvaluator } from './sdk.ts'

/** `host`: deadlines, all built-ins, exact values. `sdk`: @open-policy-agent/opa-wasm. */
export type Engine = 'host' | 'sdk'
export const DEFAULT_ENGINE: Engine = 'host'

export type PolicyModules = Pick<VerifiedBundle, 'wasm' | 'metered'>
type Openable = PolicyModules & Pick<VerifiedBundle, 'dataJson' | 'dataIndex' | 'moduleData' | 'image'>

/** What every evaluation of one node is held to; the package knows none of it. */
export type EvaluatorOptions = Pick<HostOptions, 'deadlineMs' | 'print' | 'outside'>

/** Throws ModuleError or CompileError when the bytes are no module of OPA's compiler. */
export async function compileFor(engine: Engine, bytes: Uint8Array): Promise<PolicyModules> {
  if (engine === 'sdk') return { wasm: await WebAssembly.compile(bytes) }
  return { metered: await WebAssembly.compile(meterModule(bytes)) }
}

/**
 * In slices, for a thread that decides meanwhile; the package knows no slices, and blocks. Rejects with EvaluationError where
 * the module or its data cannot be loaded.
 */
export async function openBundle(
  { wasm, metered, ...bundle }: Openable,
  options: EvaluatorOptions = {},
  onSlice?: () => void,
): Promise<Evaluator> {
  if (metered !== undefined) return openHost({ ...bundle, metered }, options, onSlice)
  return wasm === undefined ? dataOnly(bundle) : openEvaluator({ ...bundle, wasm })
}

/** Memory of the module with this data in it; undefined where our own host does not run it. `value` is the parsed JSON. */
export function imageOf({ metered }: PolicyModules, json: Uint8Array, value: unknown): PolicyImage | undefined {
  if (metered === undefined) return undefined
  return takeImage(fill(metered, { json, value: () => value }, { ...memoryFor(json.byteLength, 0), ...NO_IMPORTS }))
}
