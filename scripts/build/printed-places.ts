/**
 * A WASM module does not know where in a policy it calls `print` or `trace`. So each call is compiled with its place as a
 * first word, which the host takes off again (`builtins/runtime.ts`). Lines stay the same; the sources that are bundled,
 * checked and tested are those that were written.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PLACE_END, PLACED_TRACE } from '../../src/policy-engine/builtins/runtime.ts'
import { BuildError } from './build-error.ts'
import type { Compiler } from './compiler.ts'
import type { Stage } from './stage.ts'

const CAPABILITIES = 'capabilities.json'

/** Runs `action` on a stage whose calls carry their places. */
export async function withPlaces<T>(stage: Stage, compiler: Compiler, action: () => Promise<T>): Promise<T> {
  const originals = new Map<string, Uint8Array>()
  try {
    for (const path of stage.files.keys()) {
      if (!path.startsWith('policies/') || !path.endsWith('.rego')) continue
      const source = await stage.read(path)
      const text = Buffer.from(source).toString('utf8')
      if (!/\b(?:print|trace)\(/.test(text)) continue
      originals.set(path, source)
      await writeFile(join(stage.root, path), placed(path, text, await callsIn(stage, path, compiler)))
    }
    if (originals.size > 0) {
      originals.set(CAPABILITIES, await stage.read(CAPABILITIES))
      await writeFile(join(stage.root, CAPABILITIES), await withPlacedTrace(stage))
    }
    return await action()
  } finally {
    for (const [path, source] of originals) await writeFile(join(stage.root, path), source)
  }
}

interface PlacedCall {
  readonly name: 'print' | 'trace'
  readonly row: number
  readonly col: number
}

/** From the syntax tree, so that neither strings nor comments nor a policy's own `lib.print` are taken for one. */
async function callsIn(stage: Stage, path: string, compiler: Compiler): Promise<PlacedCall[]> {
  const options = ['--format', 'json', '--json-include', 'locations']
  const { code, stdout, stderr } = await compiler.run(['parse', ...options, path], stage.root)
  if (code !== 0) throw new BuildError(stage.errors(stderr || stdout))
  const calls: PlacedCall[] = []
  JSON.parse(stdout, (_, node: unknown) => {
    const call = callOf(node)
    if (call !== undefined) calls.push(call)
    return node
  })
  return calls
}

interface Ref {
  readonly type: 'ref'
  readonly value: readonly [{ readonly value: unknown }]
  readonly location: { readonly row: number; readonly col: number }
}

function callOf(node: unknown): PlacedCall | undefined {
  if (!isRef(node) || node.value.length !== 1) return undefined
  const name = node.value[0].value
  return name === 'print' || name === 'trace' ? { name, row: node.location.row, col: node.location.col } : undefined
}

const isRef = (node: unknown): node is Ref =>
  typeof node === 'object' && node !== null && 'type' in node && node.type === 'ref' && 'location' in node

function placed(path: string, text: string, calls: readonly PlacedCall[]): string {
  const lines = text.split('\n')
  // From the end of each line, so that no column moves before it is used.
  for (const { name, row, col } of calls.toSorted((left, right) => right.col - left.col)) {
    const line = lines[row - 1] ?? ''
    // OPA counts code points.
    const at = [...line].slice(0, col - 1).join('').length
    if (!line.startsWith(`${name}(`, at)) continue
    const place = `${path}:${row}`
    const call = name === 'print' ? `print(${JSON.stringify(place + PLACE_END)}, ` : `${PLACED_TRACE}("${place}", `
    lines[row - 1] = line.slice(0, at) + call + line.slice(at + name.length + 1)
  }
  return lines.join('\n')
}

/** `trace` with a place before the note: known to the compiler only here. */
async function withPlacedTrace(stage: Stage): Promise<string> {
  const capabilities: { builtins: unknown[] } = JSON.parse(Buffer.from(await stage.read(CAPABILITIES)).toString('utf8'))
  const text = { type: 'string' }
  const decl = { type: 'function', args: [text, text], result: { type: 'boolean' } }
  return JSON.stringify({ ...capabilities, builtins: [...capabilities.builtins, { name: PLACED_TRACE, decl }] })
}
