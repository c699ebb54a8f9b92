/** What entrypoints reach, held against the plan from which OPA's compiler makes the module. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { readArchive } from '../../bundle/archive.ts'
import { KEPT } from '../../cache/cache-fixture.ts'
import { NO_IMPORTS, PolicyInstance } from '../instance.ts'
import { meterModule } from './meter.ts'
import { entrypointsReaching } from './reach.ts'

const OPA = resolve(process.env.OPA ?? '.toolchain/opa')

interface Source {
  readonly rego: Readonly<Record<string, string>>
  readonly entrypoints: readonly string[]
}

async function build({ rego, entrypoints }: Source): Promise<{ wasm: Uint8Array; plan: Plan }> {
  const folder = mkdtempSync(join(tmpdir(), 'reach-'))
  try {
    for (const [name, text] of Object.entries(rego)) {
      mkdirSync(dirname(join(folder, 'p', name)), { recursive: true })
      writeFileSync(join(folder, 'p', name), text)
    }
    const compiled = async (target: string) => {
      const words = [
        'build',
        '-t',
        target,
        ...entrypoints.flatMap((name) => ['-e', name]),
        '-o',
        `${target}.tar.gz`,
        'p',
      ]
      const { status, stdout } = spawnSync(OPA, words, { cwd: folder, encoding: 'utf8' })
      if (status !== 0) throw new Error(stdout)
      return readArchive(readFileSync(join(folder, `${target}.tar.gz`)))
    }
    const [wasm, plan] = [(await compiled('wasm')).get('policy.wasm'), (await compiled('plan')).get('plan.json')]
    if (wasm === undefined || plan === undefined) throw new Error('nothing was built')
    return { wasm, plan: JSON.parse(Buffer.from(plan).toString()) as Plan }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Plan {
  readonly plans: { readonly plans: readonly { readonly name: string }[] }
  readonly funcs: { readonly funcs: readonly { readonly name: string }[] }
}

/** Built-ins by entrypoint, as the plan's statements call them. */
function plannedCalls({ plans, funcs }: Plan): Map<string, Set<string>> {
  const bodies = new Map(funcs.funcs.map((func) => [func.name, func]))
  const reach = (from: unknown, seen: Set<string>): Set<string> => {
    JSON.stringify(from, (key, value: unknown) => {
      if (key === 'type' && value === 'CallDynamicStmt') for (const name of bodies.keys()) follow(name, seen)
      if (key === 'func' && typeof value === 'string') follow(value, seen)
      return value
    })
    return seen
  }
  const follow = (name: string, seen: Set<string>): void => {
    if (seen.has(name)) return
    seen.add(name)
    const body = bodies.get(name)
    if (body !== undefined) reach(body, seen)
  }
  return new Map(plans.plans.map((plan) => [plan.name, reach(plan, new Set())]))
}

async function differences(source: Source): Promise<{ compared: number; differing: string[] }> {
  const { wasm, plan } = await build(source)
  const metered = await WebAssembly.compile(meterModule(wasm))
  const instance = new PolicyInstance(metered, { pages: 256, maxPages: 256, ...NO_IMPORTS })
  const listings = { builtins: instance.listing('builtins'), entrypoints: instance.listing('entrypoints') }
  const planned = plannedCalls(plan)
  const differing: string[] = []
  for (const builtin of listings.builtins.keys()) {
    const found = entrypointsReaching(wasm, listings, new Set([builtin]))
    for (const [entrypoint, calls] of planned) {
      if (found.has(entrypoint) !== calls.has(builtin)) differing.push(`${entrypoint} → ${builtin}`)
    }
  }
  return { compared: planned.size * listings.builtins.size, differing }
}

/** Rules that read those before them, and some a built-in of the host, by a fixed row of numbers. */
function generated(seed: number): Source {
  let state = seed
  const below = (limit: number) => {
    state = (state * 48_271) % 0x7fff_ffff
    return state % limit
  }
  const calls = [
    'time.now_ns()',
    'rand.intn("a", 10)',
    'uuid.rfc4122("x")',
    'opa.runtime()',
    'units.parse_bytes(input.text)',
    'urlquery.encode(input.text)',
    'sprintf("%v", [input.text])',
    'yaml.marshal(input)',
    'regex.find_n("a", input.text, input.count)',
    'json.patch(input, [{"op": "add", "path": "/a", "value": input.text}])',
  ]
  const rules = Array.from({ length: 40 }, (_, at) => {
    const earlier = Array.from({ length: at === 0 ? 0 : below(3) }, () => `rule${below(at)}`)
    const terms = [...earlier, ...(below(4) === 0 ? [calls[below(calls.length)]] : []), 'input.x']
    return `rule${at} := [${terms.join(', ')}]`
  })
  const tables = 'package tables\n\none := data.generated.rule8\n\ntwo := data.generated.rule16\n'
  const more = 'chosen := data.tables[input.key]\n\nalone := input.x'
  return {
    rego: { 'generated.rego': `package generated\n\n${[...rules, more].join('\n\n')}\n`, 'tables.rego': tables },
    entrypoints: ['chosen', 'alone', ...rules.map((_, at) => `rule${at}`)].map((name) => `generated/${name}`),
  }
}

it('finds what the plan of the fixture calls, built-in by built-in', async () => {
  const { compared, differing } = await differences(KEPT)
  expect([compared > 20, differing]).toEqual([true, []])
})

it.each([1, 2, 3, 4, 5, 6])('finds what the plan of generated rules calls (%i)', async (seed) => {
  const { compared, differing } = await differences(generated(seed * 7919))
  expect([compared > 20, differing]).toEqual([true, []])
})
