/** What a policy prints, built by the real compiler and evaluated by our host: each line says where it was printed. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PrintedLine } from '../../src/policy-engine/engine.ts'
import { compileFor, openBundle } from '../../src/policy-engine/wasm/open.ts'
import { type BuiltBundle, buildBundle } from './build-bundle.ts'
import { type Overlay, openOverlay } from './overlay-fixture.ts'

const REVOKE = 'policies/authz/revoke.rego'
const RULE = `allow if {
	client_active`

let overlay: Overlay
beforeEach(async () => {
  overlay = await openOverlay()
})
afterEach(() => overlay.remove())

async function printedBy(files: ReadonlyMap<string, Uint8Array>, input: object): Promise<readonly PrintedLine[]> {
  const lines: PrintedLine[] = []
  const modules = await compileFor('host', files.get('policy.wasm') ?? new Uint8Array())
  const evaluator = await openBundle({ ...modules, dataJson: files.get('data.json') ?? Buffer.from('{}') })
  evaluator.evaluate('authz/revoke/decision', input, { print: (line) => lines.push(line) })
  evaluator.close()
  return lines
}

describe('a build', () => {
  it('keeps the place of each print and trace, and the sources as they are written', async () => {
    await overlay.edit(
      REVOKE,
      RULE,
      `allow if {
	"a print(x) in a string" != "trace(" # print("in a comment")
	print("ü asked by", input.client.client_id, input.token.client_id)
	trace(sprintf("%v", [input.client.active]))
	every x in ["a", "b"] { x != "üü"; print(x) }
	print()
	client_active`,
    )
    let files: ReadonlyMap<string, Uint8Array> = new Map()
    const activate = async (built: BuiltBundle) => {
      files = built.files
    }
    await buildBundle({ folder: overlay.folder, activate })
    const source = Buffer.from(files.get(REVOKE) ?? []).toString()
    const row = source.split('\n').findIndex((line) => line.includes('asked by')) + 1
    const at = (offset: number) => `${REVOKE}:${row + offset}`
    expect(source).toContain('print("ü asked by", input.client.client_id, input.token.client_id)')
    expect(await printedBy(files, { client: { client_id: 'c1', active: true } })).toEqual([
      { kind: 'print', text: 'ü asked by c1 <undefined>', place: at(0) },
      { kind: 'trace', text: 'true', place: at(1) },
      { kind: 'print', text: 'a', place: at(2) },
      { kind: 'print', text: 'b', place: at(2) },
      { kind: 'print', text: '', place: at(3) },
    ])
  })
})
