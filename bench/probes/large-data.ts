/**
 * What a bundle with much data costs: CPU time of one thread to load it, the longest turn of a thread that takes it up in
 * slices, and the resident memory of the process. Figures in docs/results and docs/administration.md ("Large data").
 *
 *     node --expose-gc bench/probes/large-data.ts [megabytes=100]
 */
import { join } from 'node:path'
import { loadBundle } from '../../src/policy-engine/bundle/load.ts'
import { openActive } from '../../src/policy-engine/node/active.ts'
import { fillData } from '../bundle.ts'
import { KEY_ID, makeBundleKey, signCommittedBundle } from '../ours/sign-bundle.ts'
import { tokenInputs } from '../token-inputs.ts'

const ROOT = join(import.meta.dirname, '../..')
const DATA = 'data.json'
const MIB = 1024 * 1024

const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
const residentMib = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().rss / MIB
}
const say = (what: string, value: string) => process.stdout.write(`${what.padEnd(48)}${value}\n`)

const megabytes = Number(process.argv[2] ?? '100')
if (!(megabytes > 0)) throw new Error(`a number of megabytes, not "${process.argv[2]}"`)
const { privateKey, publicKey } = makeBundleKey()
const archive = await signCommittedBundle(ROOT, privateKey, (files) => {
  files.set(DATA, fillData(megabytes * MIB, files.get(DATA) ?? Buffer.from('{}')))
})
say('data.json', `${megabytes} MB, ${(archive.byteLength / MIB).toFixed(1)} MB packed`)

const before = residentMib()
const loadFrom = cpuMs()
const bundle = await loadBundle(archive, {
  name: 'sallyport',
  keys: [{ id: KEY_ID, key: publicKey, algorithm: 'ES256' }],
  requiredEntrypoints: [],
  nowSeconds: Math.floor(Date.now() / 1000),
})
say('CPU time to load it', `${((cpuMs() - loadFrom) / 1000).toFixed(2)} s`)
say('memory after loading', `${(residentMib() - before).toFixed(0)} MB`)

let longest = 0
let turnFrom = cpuMs()
const takeFrom = turnFrom
const active = await openActive([bundle], {
  onSlice: () => {
    const now = cpuMs()
    longest = Math.max(longest, now - turnFrom)
    turnFrom = now
  },
})
say('CPU time of a deciding thread to take it up', `${(cpuMs() - takeFrom).toFixed(0)} ms`)
say('its longest turn', `${longest.toFixed(1)} ms of CPU`)
say('memory of all that, what loading left included', `${(residentMib() - before).toFixed(0)} MB`)
const [input] = tokenInputs()
const decision = active.evaluator.evaluate('authz/token/decision', input) as { readonly allow?: boolean }
if (decision.allow !== true) throw new Error('the decision is another with this data')
active.lease.retire()
