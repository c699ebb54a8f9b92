/** The pipeline on the real compiler: what stops it, where it points, and that it always gives the same. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildBundle } from './build-bundle.ts'
import { differences } from './compare.ts'
import { readOptimization } from './optimization.ts'
import { type Overlay, openOverlay } from './overlay-fixture.ts'
import type { TestReport } from './run-tests.ts'

const REVOKE = 'policies/authz/revoke.rego'
const RBAC = 'policies/rbac/data.yaml'

let overlay: Overlay
beforeEach(async () => {
  overlay = await openOverlay()
})
afterEach(() => overlay.remove())

const build = () => buildBundle({ folder: overlay.folder })
const manifestOf = (files: ReadonlyMap<string, Uint8Array>) =>
  JSON.parse(Buffer.from(files.get('.manifest') ?? []).toString())

describe('a build', () => {
  it('gives the same bytes each time, and a revision that names them', async () => {
    const [first, second] = [await buildBundle(), await buildBundle()]
    expect(differences(first.files, second.files)).toEqual([])
    expect([...first.files.keys()]).toEqual([...second.files.keys()])
    expect(second.revision).toBe(first.revision)
    expect(manifestOf(first.files)).toMatchObject({
      revision: first.revision,
      roots: ['authz', 'lib', 'rbac', 'system'],
    })
  })

  it('keeps the sources as they are written, and the commit only when asked', async () => {
    const { files } = await buildBundle({ commit: 'abc' })
    expect(Buffer.from(files.get(REVOKE) ?? []).toString()).toContain('# title: Revoke')
    expect(manifestOf(files).metadata).toMatchObject({ commit: 'abc', sources_digest: expect.any(String) })
    expect(manifestOf((await buildBundle()).files).metadata).not.toHaveProperty('commit')
  })

  it('carries the cache time of a rule to the manifest', async () => {
    const declared = '# METADATA\n# custom:\n#   cache_ttl_seconds: 30\n'
    await overlay.edit(REVOKE, 'decision := {', `${declared}decision := {`)
    const { wasm } = manifestOf((await build()).files)
    const revoke = wasm.find(({ entrypoint }: { entrypoint: string }) => entrypoint === 'authz/revoke/decision')
    expect(revoke.annotations).toMatchObject([{ custom: { cache_ttl_seconds: 30 } }])
  })
})

describe('a build stops at the call of a built-in that the host lacks, with file and line', () => {
  it.each([
    ['graphql.is_valid', 'graphql.is_valid("query { a }", "type Query { a: Int }")'],
    ['graphql.parse_schema', 'graphql.parse_schema("type Query { a: Int }")'],
    ['crypto.x509.parse_and_verify_certificates', 'crypto.x509.parse_and_verify_certificates("x")[0]'],
    [
      'crypto.x509.parse_and_verify_certificates_with_options',
      'crypto.x509.parse_and_verify_certificates_with_options("x", {})[0]',
    ],
    ['crypto.x509.parse_certificate_request', 'crypto.x509.parse_certificate_request("x")'],
    ['providers.aws.sign_req', 'providers.aws.sign_req({}, {}, 1)'],
    ['rego.parse_module', 'rego.parse_module("a.rego", "package a")'],
    ['strings.render_template', 'strings.render_template("{{.a}}", {"a": 1}) != ""'],
  ])('%s', async (name, call) => {
    await overlay.edit(REVOKE, 'client_active if input.client.active', `client_active if ${call}`)
    const message = await build().then(
      () => 'built',
      (error: Error) => error.message,
    )
    expect(message).toMatch(new RegExp(`revoke\\.rego:\\d+: rego_type_error: undefined function ${name}$`, 'm'))
  })
})

describe('a build stops, with file and line, on', () => {
  const stops: [string, (own: Overlay) => Promise<void>, RegExp][] = [
    [
      'a misspelt fact',
      (own) => own.edit(REVOKE, 'input.client.active', 'input.client.activ'),
      /revoke\.rego:\d+: rego_type_error: undefined ref: input\.client\.activ/,
    ],
    [
      'a misspelt name of the data',
      (own) => own.edit('policies/lib/rbac.rego', 'data.rbac.tenants[', 'data.rbac.tenant['),
      /rbac\.rego:\d+: rego_type_error: undefined ref: data\.rbac\.tenant/,
    ],
    [
      'a built-in that the host lacks',
      (own) => own.edit(REVOKE, 'if input.client.active', 'if graphql.is_valid("{ a }", "type Query { a: Int }")'),
      /revoke\.rego:\d+: rego_type_error: undefined function graphql\.is_valid/,
    ],
    ['what does not parse', (own) => own.edit(REVOKE, 'allow if {', 'allow if'), /revoke\.rego:\d+: rego_parse_error/],
    [
      'what is not formatted',
      (own) => own.edit(REVOKE, 'allow if {', 'allow   if {'),
      /revoke\.rego:\d+: not formatted/,
    ],
    [
      'a failing case',
      (own) => own.edit(REVOKE, ':= "token"', ':= "grant"'),
      /policy-tests\/cases\/authz\/revoke\.json:\d+: case fails: an access token goes alone/,
    ],
    [
      'a line that no test runs',
      (own) => own.edit(REVOKE, 'is_owner if', 'is_owner if input.client.client_id == "root"\n\nis_owner if'),
      /revoke\.rego:39: no test runs this line/,
    ],
    [
      'data under another name',
      (own) => own.write('policies/rbac/more.json', '{}'),
      /more\.json: data under policies\//,
    ],
    [
      'data in the platform’s folders',
      (own) => own.write('policies/authz/data.yaml', 'a: 1\n'),
      /data\.yaml: the platform/,
    ],
    [
      'data without a folder',
      (own) => own.write('policies/data.yaml', 'rbac: {}\n'),
      /data\.yaml: data must be in a folder/,
    ],
    [
      'a test among the policies',
      (own) => own.write('policies/a/a_test.rego', 'package a\n'),
      /a_test\.rego: tests belong/,
    ],
    [
      'a misspelt key of the roles',
      (own) => own.edit(RBAC, 'grants: [user]', 'grant: [user]'),
      /data\.yaml:\d+: roles\.scim_client/,
    ],
    [
      'a role that nobody defines',
      (own) => own.edit(RBAC, 'grants: [user]', 'grants: [usr]'),
      /data\.yaml:\d+: no role is called usr/,
    ],
    [
      'a network that is none',
      (own) => own.edit(RBAC, '10.0.0.0/8', '10.0.0.0/40'),
      /data\.yaml:\d+: 10\.0\.0\.0\/40 is no network/,
    ],
    [
      'hours that never come',
      (own) => own.edit(RBAC, 'to_minute: 1200', 'to_minute: 300'),
      /data\.yaml:\d+: from_minute must be before/,
    ],
    ['data that is not YAML', (own) => own.edit(RBAC, 'acr:', 'acr: ['), /data\.yaml:\d+: /],
    [
      'a file more in a package of ours',
      (own) => own.write('policies/authz/wider.rego', 'package authz.token\n\nallow if input.client.first_party\n'),
      /wider\.rego: package authz\.token belongs to the platform/,
    ],
    [
      'a file in a package above ours',
      (own) => own.write('policies/mine/wider.rego', 'package authz\n\ntoken.allow := true\n'),
      /wider\.rego: package authz belongs to the platform/,
    ],
    ['a folder without policies', (own) => own.write('readme.md', ''), /there is no policy under policies\//],
  ]

  it.each(stops)('%s', async (_what, plant, message) => {
    await plant(overlay)
    await expect(build()).rejects.toThrow(message)
  })
})

describe('a folder of the user’s', () => {
  const APP = '# METADATA\n# title: App\npackage app\n\ndefault allow := false\n\nallow if data.app.open\n'
  const TEST =
    'package app_test\n\nimport data.app\n\ntest_open if app.allow\n\ntest_shut if not app.allow with data.app.open as false\n'

  it('replaces a policy of ours together with its cases', async () => {
    await overlay.edit(REVOKE, ':= "token"', ':= "grant"')
    await overlay.edit('policy-tests/cases/authz/revoke.json', '{ "revoke": "token" }', '{ "revoke": "grant" }')
    const { files } = await build()
    expect(Buffer.from(files.get(REVOKE) ?? []).toString()).not.toContain(':= "token"')
    expect(files.size).toBe((await buildBundle()).files.size)
  })

  it('adds packages and data of its own beside ours', async () => {
    await overlay.write('policies/app/allow.rego', APP)
    await overlay.write('policies/app/data.yaml', 'open: true\n')
    await overlay.write('policy-tests/app_test.rego', TEST)
    const { files } = await build()
    expect(manifestOf(files).roots).toEqual(['app', 'authz', 'lib', 'rbac', 'system'])
    expect(JSON.parse(Buffer.from(files.get('data.json') ?? []).toString()).app).toEqual({ open: true })
  })

  it('stands alone with replace: its entrypoints come from its METADATA', async () => {
    await overlay.write(
      'policies/app/allow.rego',
      APP.replace('default', '# METADATA\n# entrypoint: true\n# scope: document\ndefault'),
    )
    await overlay.write('policies/app/data.yaml', 'open: true\n')
    await overlay.write('policy-tests/app_test.rego', TEST)
    const { files } = await buildBundle({ folder: overlay.folder, replace: true })
    expect(manifestOf(files)).toMatchObject({ roots: ['app'], wasm: [{ entrypoint: 'app/allow' }] })
  })

  it('must have tests to stand alone', async () => {
    await overlay.write('policies/app/allow.rego', APP)
    await expect(buildBundle({ folder: overlay.folder, replace: true })).rejects.toThrow('there is no test')
  })
})

describe('activate first', () => {
  it('hands the bundle over before the tests fail, and says what failed', async () => {
    await overlay.edit(REVOKE, ':= "token"', ':= "grant"')
    const order: string[] = []
    const failing = buildBundle({
      folder: overlay.folder,
      activate: async ({ revision }) => void order.push(`activated ${revision.length}`),
      onTests: ({ problems }: TestReport) => void order.push(`tests ${problems.length}`),
    })
    await expect(failing).rejects.toThrow('case fails: an access token goes alone')
    expect(order).toEqual(['activated 64', 'tests 1'])
  })

  it('never hands over what does not check', async () => {
    await overlay.edit(REVOKE, 'input.client.active', 'input.client.activ')
    const activate = async () => expect.unreachable()
    await expect(buildBundle({ folder: overlay.folder, activate })).rejects.toThrow('rego_type_error')
  })
})

describe('an optimised build (OPA, "Optimization Levels")', () => {
  const roots = ['authz', 'lib', 'rbac', 'system']

  it.each([
    ['without roots', '1', undefined, /name what the bundle owns whole with --root/],
    ['with an open root', '1', ['authz', ''], /owns no open root/],
    ['with a slash for an open root', '2', ['/'], /owns no open root/],
    ['of another level', '3', roots, /must be 1 or 2/],
    ['that is none', undefined, roots, /goes with --optimize/],
  ])('is refused %s', (_how, level, given, message) => {
    expect(() => readOptimization(level, given)).toThrow(message)
  })

  it('is refused where policies lie under no root, or a root holds none', async () => {
    const optimised = (given: string[]) => buildBundle({ optimization: readOptimization('1', given) })
    await expect(optimised(['authz', 'lib', 'system'])).rejects.toThrow(/policies\/rbac lies under no root/)
    await expect(optimised([...roots, 'app'])).rejects.toThrow(/there is no policies\/app/)
  })

  it('owns its narrow roots, and says that it is one', async () => {
    const { files } = await buildBundle({ optimization: readOptimization('1', roots) })
    // What the compiler could not finish stands under a root of its own.
    expect(manifestOf(files)).toMatchObject({ roots: [...roots, 'partial'], metadata: { optimize: 1 } })
  })
})
