/** The committed bundle, for rows that evaluate it in this process. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readArchive } from '../src/policy-engine/bundle/archive.ts'

export interface BenchBundle {
  readonly wasm: WebAssembly.Module
  readonly dataJson: Uint8Array
}

export async function readCommittedBundle(root: string): Promise<BenchBundle> {
  const files = await readArchive(readFileSync(join(root, 'bundles/sallyport.tar.gz')))
  const [wasm, dataJson] = [files.get('policy.wasm'), files.get('data.json')]
  if (wasm === undefined || dataJson === undefined)
    throw new Error('the committed bundle has no policy.wasm or data.json')
  return { wasm: await WebAssembly.compile(wasm), dataJson }
}
