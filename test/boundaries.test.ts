/**
 * The arrows between folders: who may import whom. Reads import statements by expression, so that it needs no compiler;
 * fails on a folder without a line, a file over 400 lines (tests too), a folder deeper than three, a name that says nothing, and
 * a circle of imports.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { violations } from './boundaries/violations.ts'

test('the arrows, sizes and names of the repository hold, and no imports go round', () => {
  expect(violations(resolve(import.meta.dirname, '..'))).toEqual([])
})

describe('turns red on a planted violation:', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-boundaries-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  let count = 0
  const planted = (files: Record<string, string>): readonly string[] => {
    const root = join(folder, String(count++))
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, dirname(path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return violations(root)
  }

  test.each([
    ['kernel imports a package', 'src/kernel/x.ts', `import { z } from 'zod'`],
    ['kernel imports upward', 'src/kernel/x.ts', `import { loadConfig } from '../config/load.ts'`],
    ['a protocol imports another', 'src/auth/oauth/x.ts', `import { y } from '../scim/y.ts'`],
    ['auth imports a storage adapter', 'src/auth/session/x.ts', `import { y } from '../../storage/sqlite/open.ts'`],
    ['auth imports the WASM host', 'src/auth/oauth/x.ts', `import { y } from '../../policy-engine/wasm/sdk.ts'`],
    ['auth imports the deciding node', 'src/auth/login/x.ts', `import { y } from '../../policy-engine/node.ts'`],
    ['token imports session', 'src/auth/token/x.ts', `import { y } from '../session/session.ts'`],
    ['user imports client', 'src/auth/user/x.ts', `import { y } from '../client/record.ts'`],
    ['threat imports token', 'src/auth/threat/x.ts', `import { y } from '../token/y.ts'`],
    ['storage imports auth', 'src/storage/redis/x.ts', `import { y } from '../../auth/user/y.ts'`],
    ['one adapter imports the other', 'src/storage/redis/x.ts', `import { y } from '../sqlite/y.ts'`],
    ['contract imports the engine', 'src/policy-engine/contract/x.ts', `import { y } from '../decide.ts'`],
    ['contract imports a package', 'src/policy-engine/contract/x.ts', `import y from 'jose'`],
    ['the engine imports its API', 'src/policy-engine/node/node.ts', `import { y } from '../api/server.ts'`],
    ['the engine imports http', 'src/policy-engine/x.ts', `import { y } from '../http/server.ts'`],
    ['the engine imports auth', 'src/policy-engine/x.ts', `import { y } from '../auth/route.ts'`],
    ['http imports auth', 'src/http/x.ts', `import { y } from '../auth/route.ts'`],
    ['somebody imports the composition', 'src/auth/oauth/x.ts', `import { y } from '../service.ts'`],
    ['somebody imports the route table', 'src/http/x.ts', `import { y } from '../auth/routes.ts'`],
    ['somebody imports the command line', 'src/config/x.ts', `import { y } from '../cli/serve.ts'`],
    ['product imports tests', 'src/kernel/x.ts', `import { y } from '../../test/y.ts'`],
    ['product imports scripts', 'src/cli/x.ts', `import { y } from '../../scripts/y.ts'`],
    ['web imports auth', 'web/x.ts', `import { y } from '../src/auth/user/y.ts'`],
    ['fastify outside its folders', 'src/auth/oauth/x.ts', `import fastify from 'fastify'`],
    ['a fastify plugin outside its folders', 'src/auth/oauth/x.ts', `import c from '@fastify/cookie'`],
    ['ioredis outside storage/redis', 'src/cli/x.ts', `import { Redis } from 'ioredis'`],
    ['jose outside its folders', 'src/auth/oauth/x.ts', `import { SignJWT } from 'jose'`],
    ['node:sqlite outside storage/sqlite', 'src/auth/user/x.ts', `import { DatabaseSync } from 'node:sqlite'`],
    ['a package that is not declared', 'src/http/x.ts', `import _ from 'lodash'`],
  ])('%s', (_what, path, text) => {
    expect(planted({ [path]: text })).toHaveLength(1)
    expect(planted({ [path]: text })[0]).toContain(path)
  })

  test.each([
    ['type import', `import type { y } from '../scim/y.ts'`],
    ['export from', `export { y } from '../scim/y.ts'`],
    ['export all', `export * from '../scim/y.ts'`],
    ['dynamic import', `const y = await import('../scim/y.ts')`],
    ['dynamic import in a template', 'const y = await import(`../scim/y.ts`)'],
    ['import for its effect', `import '../scim/y.ts'`],
    ['several lines', `import {\n  a,\n  b,\n} from '../scim/y.ts'`],
    ['type query', `type Y = import('../scim/y.ts').Y`],
    ['double quotes', `import { y } from "../scim/y.ts"`],
    ['require', `const y = require('../scim/y.ts')`],
  ])('a wrong arrow written as %s', (_form, text) => {
    expect(planted({ 'src/auth/oauth/x.ts': text })).toHaveLength(1)
  })

  test('an import that cannot be read: its address is computed', () => {
    expect(planted({ 'src/auth/oauth/x.ts': 'await import(name)' })[0]).toContain('computed')
  })

  test('what is only spoken of is no import', () => {
    expect(
      planted({ 'src/kernel/x.ts': `// import { y } from '../cli/y.ts'\nconst a = "import x from 'y'"\n` }),
    ).toEqual([])
  })

  test.each([
    ['a new folder without a line', { 'src/billing/x.ts': '' }],
    ['a new folder in auth without a line', { 'src/auth/billing/x.ts': '' }],
    ['a file over 400 lines', { 'src/kernel/x.ts': 'a\n'.repeat(401) }],
    ['a test over 400 lines beside its file', { 'src/kernel/x.test.ts': 'a\n'.repeat(401) }],
    ['a test over 400 lines', { 'test/flows/x.test.ts': 'a\n'.repeat(401) }],
    ['what only tests load, over 400 lines', { 'test/servers/x.ts': 'a\n'.repeat(401) }],
    ['a script over 400 lines', { 'scripts/x.ts': 'a\n'.repeat(401) }],
    ['a folder of tests called utils', { 'test/utils/x.ts': '' }],
    ['a folder deeper than three', { 'src/auth/oauth/grants/deep/x.ts': '' }],
    ['a folder called utils', { 'src/auth/oauth/utils/x.ts': '' }],
    ['a file called helpers', { 'src/kernel/helpers.ts': '' }],
    ['a barrel', { 'src/kernel/index.ts': '' }],
    ['a default export', { 'src/kernel/x.ts': 'export default 1' }],
  ])('%s', (_what, files) => {
    expect(planted(files)).toHaveLength(1)
  })

  test.each([
    [
      'of two files',
      { 'src/kernel/a.ts': `import { b } from './b.ts'`, 'src/kernel/b.ts': `import { a } from './a.ts'` },
    ],
    [
      'of types alone',
      { 'src/kernel/a.ts': `import type { B } from './b.ts'`, 'src/kernel/b.ts': `export type { A } from './a.ts'` },
    ],
    [
      'of three, through another folder',
      {
        'src/auth/rows/a.ts': `import { b } from '../routes.ts'`,
        'src/auth/routes.ts': `import { c } from './service.ts'`,
        'src/auth/service.ts': `import { a } from './rows/a.ts'`,
      },
    ],
    [
      'of tests',
      { 'test/flows/a.ts': `import { b } from './b.ts'`, 'test/flows/b.ts': `const a = await import('./a.ts')` },
    ],
    ['of a file that imports itself', { 'src/kernel/a.ts': `import { a } from './a.ts'` }],
  ])('a circle of imports, %s', (_what, files) => {
    expect(planted(files)).toEqual([expect.stringMatching(/^(\S+): stands in a circle of imports: \1 → (.+ → )?\1$/)])
    for (const file of Object.keys(files)) expect(planted(files)[0]).toContain(file)
  })

  test('two ways to one file are no circle', () => {
    const [b, c] = [`import { d } from './d.ts'`, `import { d } from './d.ts'\nimport { b } from './b.ts'`]
    const a = `import { b } from './b.ts'\nimport { c } from './c.ts'`
    const files = { 'src/kernel/a.ts': a, 'src/kernel/b.ts': b, 'src/kernel/c.ts': c, 'src/kernel/d.ts': '' }
    expect(planted(files)).toEqual([])
  })

  test('lets the composition, tests and the lawful arrows be', () => {
    expect(
      planted({
        'src/cli/x.ts': `import { a } from '../storage/sqlite/a.ts'\nimport { b } from '../auth/service.ts'`,
        'src/auth/routes.ts': `import { a } from './oauth/a.ts'\nimport { b } from './scim/b.ts'`,
        'src/auth/oauth/x.ts': `import { a } from '../token/a.ts'\nimport { b } from '../../storage/port.ts'`,
        'src/auth/oauth/grants/x.ts': `import { a } from '../a.ts'\nimport { b } from '../../client/b.ts'`,
        'src/auth/session/x.ts': `import { a } from '../token/a.ts'\nimport { b } from '../user/b.ts'`,
        'src/auth/login/x.ts': `import { a } from '../../../web/sign-in.ts'\nimport { b } from '../../audit/events.ts'`,
        'src/policy-engine/api/x.ts': `import fastify from 'fastify'\nimport { a } from '../../http/a.ts'`,
        'src/policy-engine/contract/index.ts': `import { Type } from '../../schema/type.ts'`,
        'src/auth/oauth/x.test.ts': `import { a } from '../../storage/sqlite/a.ts'\nimport { b } from 'vitest'`,
        'test/flows/x.test.ts': `import { a } from '../../src/storage/sqlite/a.ts'\nimport { b } from 'jose'`,
        'scripts/x.ts': 'a\n'.repeat(400),
      }),
    ).toEqual([])
  })
})
