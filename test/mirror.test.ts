/** Contract, policies, tests and the code that asks mirror each other; each way of breaking that is planted and seen. */
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { REPOSITORY } from '../scripts/build/compiler.ts'
import { DECISIONS } from '../src/policy-engine/contract/index.ts'
import { SYSTEM_ENTRYPOINTS } from '../src/policy-engine/contract/system.ts'
import { mirrorViolations } from './mirror/violations.ts'

it('the contract and the policies of the repository mirror each other', async () => {
  expect(await mirrorViolations(REPOSITORY)).toEqual([])
})

describe('turns red on a planted violation:', () => {
  let home: string
  let count = 0
  /** What a decision in the making lacks is told by the test above, once. */
  let unplanted: readonly string[]
  beforeAll(async () => {
    unplanted = await mirrorViolations(REPOSITORY)
    home = await mkdtemp(join(tmpdir(), 'sallyport-mirror-'))
  })
  afterAll(() => rm(home, { recursive: true }))

  const unknown = (lines: readonly string[]) => lines.filter((line) => !unplanted.includes(line))

  async function planted(plant: (root: string) => Promise<unknown>): Promise<string[]> {
    const root = join(home, String(count++))
    for (const part of ['policies', 'policy-tests', 'bundles', 'src/auth', 'src/policy-engine/contract']) {
      await cp(join(REPOSITORY, part), join(root, part), { recursive: true })
    }
    await plant(root)
    return unknown(await mirrorViolations(root))
  }

  const edit = async (root: string, path: string, from: string | RegExp, to: string) => {
    const text = await readFile(join(root, path), 'utf8')
    expect(text).toMatch(from)
    await writeFile(join(root, path), text.replace(from, to))
  }

  const REVOKE = 'policies/authz/revoke.rego'
  const CASES = 'policy-tests/cases/authz/revoke.json'

  it.each<[string, (root: string) => Promise<unknown>, readonly string[]]>([
    [
      'a policy that is not registered',
      (root) => writeFile(join(root, 'policies/authz/extra.rego'), 'package authz.extra\n\ndecision := {}\n'),
      ['policies/authz/extra.rego: package authz.extra is not registered'],
    ],
    [
      'a second file in a package of ours',
      (root) => writeFile(join(root, 'policies/authz/wider.rego'), 'package authz.revoke\n\nallow if true\n'),
      [`${REVOKE}: package authz.revoke must be this file alone`],
    ],
    [
      'a package under another name',
      (root) => edit(root, REVOKE, 'package authz.revoke', 'package authz.revocation'),
      [
        `${REVOKE}: METADATA lacks the schema data.rbac: schema.data.rbac`,
        `${REVOKE}: METADATA lacks the schema input: schema.authz.revoke.input`,
        `${REVOKE}: METADATA lacks title or description`,
        `${REVOKE}: asked_by must be src/auth/oauth/revoke.ts`,
        `${REVOKE}: package authz.revocation is not registered`,
        `${REVOKE}: package authz.revoke must be this file alone`,
      ],
    ],
    [
      'another decision’s schema',
      (root) => edit(root, REVOKE, 'schema.authz.revoke.input', 'schema.authz.token.input'),
      [`${REVOKE}: METADATA lacks the schema input: schema.authz.revoke.input`],
    ],
    [
      'no title',
      (root) => edit(root, REVOKE, '# title: Revoke\n', ''),
      [`${REVOKE}: METADATA lacks title or description`],
    ],
    [
      'another file named as asking',
      (root) => edit(root, REVOKE, 'asked_by: src/auth/oauth/revoke.ts', 'asked_by: src/auth/oauth/token.ts'),
      [`${REVOKE}: asked_by must be src/auth/oauth/revoke.ts`],
    ],
    [
      'a decision that nobody asks',
      (root) => rm(join(root, 'src/auth/oauth/revoke.ts')),
      ['src/auth/oauth/revoke.ts: does not ask revoke'],
    ],
    [
      'a decision that is only spoken of',
      (root) => edit(root, 'src/auth/oauth/revoke.ts', /decide\(\s*'revoke'/, "decide(/* 'revoke' */ name"),
      ['src/auth/oauth/revoke.ts: does not ask revoke'],
    ],
    [
      'no test',
      (root) => rm(join(root, 'policy-tests/authz/revoke_test.rego')),
      ['policy-tests/authz/revoke_test.rego: missing'],
    ],
    ['no table', (root) => rm(join(root, CASES)), [`${CASES}: missing`]],
    [
      'a table without cases',
      (root) => writeFile(join(root, CASES), '{"revoke":{"bases":{},"cases":[]}}'),
      [
        `${CASES}: no case allows`,
        `${CASES}: no case for reason client_inactive`,
        `${CASES}: no case for reason not_owner`,
        `${CASES}: no case for reason tenant_not_allowed`,
      ],
    ],
    [
      'a reason without a case',
      (root) => edit(root, CASES, '"reasons": ["not_owner"]', '"reasons": []'),
      [`${CASES}: no case for reason not_owner`],
    ],
    [
      'a case for a reason that is none',
      (root) => edit(root, CASES, '"reasons": ["not_owner"]', '"reasons": ["not_owner", "whim"]'),
      [`${CASES}: reason whim is not in the contract`],
    ],
    [
      'no policy for a system entrypoint',
      (root) => rm(join(root, 'policies/system/log/drop.rego')),
      [
        'policies/system/log/drop.rego: METADATA lacks title or the schema schema.system.log',
        'policies/system/log/drop.rego: missing',
      ],
    ],
    [
      'a library that reads the input',
      (root) => appendFile(join(root, 'policies/lib/rbac.rego'), '\nours if input.tenant\n'),
      ['policies/lib/rbac.rego: names input'],
    ],
    [
      'no bundle',
      (root) => rm(join(root, 'bundles'), { recursive: true }),
      [...Object.values(DECISIONS), ...SYSTEM_ENTRYPOINTS]
        .map(({ entrypoint }) => `bundle: lacks ${entrypoint}`)
        .sort(),
    ],
  ])('%s', async (_what, plant, expected) => {
    expect(await planted(plant)).toEqual(unknown(expected))
  })
})
