/** The case tables against the committed bundle: what `opa test` says of the Rego holds of the WASM that serves. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { readArchive } from '../src/policy-engine/bundle/archive.ts'
import type { DecisionName } from '../src/policy-engine/contract/index.ts'
import { DECISIONS } from '../src/policy-engine/contract/index.ts'
import { SYSTEM_ENTRYPOINTS } from '../src/policy-engine/contract/system.ts'
import type { Evaluator } from '../src/policy-engine/engine.ts'
import { CONTRACT } from '../src/policy-engine/validate.ts'
import { openEvaluator } from '../src/policy-engine/wasm/sdk.ts'
import { type Case, inputOf, readTable, union } from './tables.ts'

const BUNDLE = join(import.meta.dirname, '../bundles/sallyport.tar.gz')

let wasm: WebAssembly.Module
let shipped: { readonly rbac: Readonly<Record<string, unknown>> }
let evaluator: Evaluator

beforeAll(async () => {
  const files = await readArchive(await readFile(BUNDLE))
  wasm = await WebAssembly.compile(Buffer.from(files.get('policy.wasm') ?? []))
  shipped = JSON.parse(Buffer.from(files.get('data.json') ?? []).toString())
  evaluator = evaluatorWith(shipped)
})

const evaluatorWith = (data: object): Evaluator => openEvaluator({ wasm, dataJson: Buffer.from(JSON.stringify(data)) })

/** The answer under the case's own data, where it has some. */
function answer(entrypoint: string, input: unknown, { rbac }: Case): unknown {
  if (rbac === undefined) return evaluator.evaluate(entrypoint, input)
  const other = evaluatorWith({ ...shipped, rbac: union(shipped.rbac, rbac) })
  try {
    return other.evaluate(entrypoint, input)
  } finally {
    other.close()
  }
}

describe.each(Object.keys(DECISIONS) as DecisionName[])('%s', (name) => {
  const table = readTable(`authz/${name}`)

  it.each(table.cases)('$name', (entry) => {
    const result = answer(DECISIONS[name].entrypoint, inputOf(table, entry), entry)
    expect(CONTRACT[name].isResult(result)).toBe(true)
    if (entry.reasons !== undefined) expect(result).toEqual({ allow: false, reasons: entry.reasons })
    else {
      expect(result).toMatchObject({ allow: true, reasons: [] })
      for (const [obligation, value] of Object.entries(entry.obligations ?? {})) {
        expect(result).toHaveProperty(['obligations', obligation], value)
      }
    }
  })

  it('takes bases that its contract takes', () => {
    for (const base of Object.values(table.bases)) expect(CONTRACT[name].isInput(base)).toBe(true)
  })

  it.each([
    ['no input', undefined],
    ['an empty input', {}],
    ['null', null],
    ['a text', 'allow'],
    ['a list', [true]],
    ['facts that claim to be true', { allow: true, decision: { allow: true } }],
  ])('denies, in shape, on %s', (_, input) => {
    const result = evaluator.evaluate(DECISIONS[name].entrypoint, input)
    expect(result).toMatchObject({ allow: false })
    expect(CONTRACT[name].isResult(result)).toBe(true)
  })

  it('denies when any one group of facts is missing from an input that it allows', () => {
    const allowed = table.cases.find(({ obligations, rbac }) => obligations !== undefined && rbac === undefined)
    if (allowed === undefined) throw new Error('no case allows')
    const facts = inputOf(table, allowed)
    for (const group of Object.keys(facts).filter((key) => !UNREAD[name]?.includes(key))) {
      const { [group]: _, ...rest } = facts
      expect(evaluator.evaluate(DECISIONS[name].entrypoint, rest), group).toMatchObject({ allow: false })
    }
  })
})

/** Facts that whether the case is allowed does not depend on: they are for a deployment's own rules. */
const UNREAD: Partial<Record<DecisionName, readonly string[]>> = {
  token: ['authentication'],
  revoke: ['request'],
  userinfo: ['authentication', 'endpoint', 'request'],
  federation: ['device', 'requested', 'risk'],
  mfa: ['device', 'request', 'risk'],
  account: ['authentication', 'enrolled'],
  mail_link: ['email_verified', 'password', 'purpose', 'subject'],
  signal: ['receiver', 'scopes', 'subject'],
  threat: ['client', 'client_age_seconds', 'count', 'self_registered', 'signal', 'source', 'subject', 'time', 'usual'],
  session: ['authentication', 'client', 'confirmed', 'hint', 'request', 'stage', 'subject'],
  register: ['registrations'],
  login: ['client', 'device', 'factors', 'requested'],
  consent: ['authentication', 'device', 'person_risk', 'request'],
  scim: ['resource'],
  admin: ['resource'],
}

describe.each(SYSTEM_ENTRYPOINTS.map(({ entrypoint, file }) => ({ entrypoint, file })))('$entrypoint', (system) => {
  const table = readTable(system.file.replace(/\.rego$/, ''))

  it.each(table.cases)('$name', (entry) => {
    const result = answer(system.entrypoint, inputOf(table, entry), entry)
    expect(sorted(result)).toEqual(sorted(entry.result))
  })
})

/** The mask is a set: hosts order it differently. */
const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? [...value].sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1))
    : value

describe('system/log/mask and the contract', () => {
  it.each(Object.keys(DECISIONS) as DecisionName[])('knows every fact of %s', (name) => {
    for (const base of Object.values(readTable(`authz/${name}`).bases)) {
      const event = {
        decision_id: 'd',
        timestamp: 't',
        path: DECISIONS[name].entrypoint,
        requested_by: 'x',
        input: base,
      }
      const mask = evaluator.evaluate('system/log/mask', event)
      const { request: addressed } = base
      expect(mask).toEqual(
        addressed !== undefined ? [{ op: 'upsert', path: '/input/request/address', value: expect.any(String) }] : [],
      )
    }
  })
})
