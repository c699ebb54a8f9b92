/** The committed bundle, for rows that evaluate it in this process. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readArchive } from '../src/policy-engine/bundle/archive.ts'
import { compileFor, type PolicyModules } from '../src/policy-engine/wasm/open.ts'

export interface BenchBundle extends PolicyModules {
  readonly dataJson: Uint8Array
}

export async function readCommittedBundle(root: string): Promise<BenchBundle> {
  const files = await readArchive(readFileSync(join(root, 'bundles/sallyport.tar.gz')))
  const [wasm, dataJson] = [files.get('policy.wasm'), files.get('data.json')]
  if (wasm === undefined || dataJson === undefined)
    throw new Error('the committed bundle has no policy.wasm or data.json')
  return { ...(await compileFor('sdk', wasm)), ...(await compileFor('host', wasm)), dataJson }
}

export const filledTo = (bytes: number, { dataJson, ...modules }: BenchBundle): BenchBundle => ({
  ...modules,
  dataJson: fillData(bytes, dataJson),
})

/** Base data filled up to a size, by rows that no rule reads; keys in order, as `opa build` writes them. */
export function fillData(bytes: number, dataJson: Uint8Array): Uint8Array {
  const data = JSON.parse(Buffer.from(dataJson).toString('utf8')) as { rbac: Record<string, unknown> }
  const row = (at: number) => ({
    active: true,
    hours: [8, 17],
    name: `user ${at}`,
    roles: ['reader', 'writer', 'auditor'],
  })
  const count = Math.max(
    0,
    Math.floor((bytes - dataJson.byteLength) / JSON.stringify({ 'user-00000': row(10_000) }).length),
  )
  const rows = Array.from({ length: count }, (_, at) => [`user-${String(at).padStart(6, '0')}`, row(at)] as const)
  const rbac = { ...data.rbac, rows: Object.fromEntries(rows) }
  const inOrder = Object.entries(rbac).sort(([left], [right]) => (left < right ? -1 : 1))
  return Buffer.from(JSON.stringify({ ...data, rbac: Object.fromEntries(inOrder) }))
}
