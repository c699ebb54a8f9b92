/** For tests: the requests on which our Data API is held against OPA's server, and the policy that both answer them by. */
import { gzipSync } from 'node:zlib'
import type { FixtureSource } from '../bundle/bundle-fixture.ts'
import type { Sent } from './api-fixture.ts'

const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown }

export interface ParityRequest extends Sent {
  readonly path: string
}

export const SOURCE: FixtureSource = {
  roots: ['app', 'clash', 'lists', 'numbers', 'system', 'words'],
  entrypoints: [
    'app',
    'app/allow',
    'app/echo',
    'clash/complete',
    'clash/object',
    'clash/missing',
    'system/main',
    'system/health',
    'system/authz/allow',
    'system/log/mask',
    'system/log/drop',
  ],
  data: {
    lists: { flat: ['a', 'b', ['c']], byNumber: { '42': 'forty-two', '7': 'seven' } },
    numbers: { big: rawJSON('12345678901234567890'), spelt: rawJSON('1.50'), plain: 10 },
    words: { 'a/b': 'slash', ü: 'umlaut', 'with space': { deep: true } },
  },
  rego: {
    'app.rego': `package app

default allow := false

allow if input.user == "alice"

allow if input == null

echo := {"input": input}

kinds := {null, false, true, 1, 1.5, "a", [2], {"k": 1}, {3}}

keyed := {1: "number", true: "boolean", [1]: "array", "text": "string"}

third := 1 / 3

product := 12345678901234567890 * 98765432109876543210

exact := [1.50, 1e400, -0]

undefined_always if false

names contains input.names[_]

greeting(name) := sprintf("hello %s", [name])

strictly := to_number(input.text)

letter := "\\u00e9"
`,
    'clash.rego': `package clash

complete := 1 if input.a

complete := 2 if input.b

object[key] := value if some key, value in {"x": 1}

object[key] := 2 if {
	some key in ["x"]
	input.b
}

missing := numbers.range_step(input.from, 10, 0)
`,
    'system.rego': `package system

main := {"default": input}
`,
    'health.rego': `package system.health

live := true

ready if input.plugins_ready

odd := "yes"

never if false
`,
    'authz.rego': 'package system.authz\n\nallow := true\n',
    'log.rego': 'package system.log\n\nmask contains "/input/secret" if false\n\ndrop if false\n',
  },
}

const post = (path: string, body: string | Uint8Array = '', headers: Readonly<Record<string, string>> = {}) => ({
  method: 'POST',
  path,
  body,
  headers,
})
const input = (value: string) => `{"input":${value}}`
const yaml = { 'content-type': 'application/yaml' }
const gzip = { 'content-encoding': 'gzip' }
const METHODS = ['PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']

/** Inputs as they are sent; each is echoed. */
const VALUES = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '1',
  '1.5',
  '1.50',
  '1e3',
  '1E400',
  '-1e-400',
  '0.1',
  '12345678901234567890',
  '1.0',
  '123456789012345678901234567890.5',
  '""',
  '"a"',
  '"\\u00e9"',
  '"\\ud83d\\ude00"',
  '"\\ud800"',
  '"\\u2028"',
  '"\\u0000"',
  '"<>&"',
  '[]',
  '[1,[2,[3]]]',
  '{}',
  '{"a":1,"a":2}',
  '{"b":1,"a":2}',
  '{"\\u0061":1}',
  '{"__proto__":1}',
  '{"constructor":{"x":1}}',
  '{"1":"x"}',
  '[null,true,"x"]',
  ' [ 1 , 2 ] ',
  '{"deep":{"er":{"est":[{}]}}}',
] as const

/** Bodies of v1 that are no plain question. */
const BODIES = [
  '',
  ' ',
  '\n',
  'null',
  '{}',
  '{"input":null}',
  '{"other":1}',
  '{"input":1,"other":2}',
  '[]',
  '"x"',
  '1',
  'true',
  '{',
  '{"input":',
  '{"input":1}}',
  '{"input":01}',
  '{"input":+1}',
  '{"input":.5}',
  '{"input":1,}',
  "{'input':1}",
  '\ufeff{}',
  '{"input":"\t"}',
  '{"input":"\\x"}',
  '{"input":NaN}',
  'nul',
  '{"input":1 /* c */}',
  '{"input":"a" "b"}',
] as const

const PATHS = [
  'app',
  'app/allow',
  'app/kinds',
  'app/keyed',
  'app/third',
  'app/product',
  'app/exact',
  'app/undefined_always',
  'app/letter',
  'app/nothing',
  'nothing',
  'nothing/at/all',
  'lists',
  'lists/flat',
  'lists/flat/0',
  'lists/flat/2/0',
  'lists/flat/3',
  'lists/flat/x',
  'lists/flat/-1',
  'lists/byNumber/42',
  'lists/byNumber',
  'numbers',
  'numbers/big',
  'numbers/plain',
  'numbers/plain/x',
  'words',
  'words/a%2Fb',
  'words/%C3%BC',
  'words/with%20space',
  'words/with+space',
  'words/with%20space/deep',
  'words/%2e%2e',
  'app/',
  'app//allow',
  'app/./allow',
  'app/x/../allow',
  'app/allow/x',
  'app/echo/input',
  '%zz',
  'app/%61llow',
  'lists/flat/00',
  'app/kinds/0',
] as const

const FLAGS = [
  'pretty',
  'pretty=true',
  'pretty=TRUE',
  'pretty=false',
  'pretty=1',
  'pretty=true&pretty=false',
  'pretty=false&pretty=true',
  'provenance',
  'provenance=true',
  'metrics',
  'metrics=true',
  'instrument',
  'provenance&metrics&pretty',
  'strict-builtin-errors',
  'strict-builtin-errors=true',
  'explain=off',
  'rule_labels=false',
  'unknown=1',
] as const

export const REQUESTS: readonly ParityRequest[] = [
  ...VALUES.map((value) => post('/v1/data/app/echo', input(value))),
  ...VALUES.map((value) => ({ path: `/v1/data/app/echo?input=${encodeURIComponent(value)}` })),
  ...VALUES.map((value) => post('/v0/data/app/echo', value)),
  ...VALUES.map((value) => post('/', value)),
  ...BODIES.map((body) => post('/v1/data/app/allow', body)),
  ...BODIES.map((body) => post('/v0/data/app/allow', body)),
  ...BODIES.map((body) => ({ path: `/v1/data/app/allow?input=${encodeURIComponent(body)}` })),
  ...PATHS.map((path) => ({ path: `/v1/data/${path}` })),
  ...PATHS.map((path) => post(`/v1/data/${path}`, input('{"user":"alice","names":["b","a"],"text":"7"}'))),
  ...PATHS.map((path) => post(`/v0/data/${path}`, '{"user":"bob"}')),
  ...FLAGS.map((flags) => post(`/v1/data/app/allow?${flags}`, input('{"user":"alice"}'))),
  ...FLAGS.map((flags) => ({ path: `/v1/data/app/allow?${flags}` })),
  ...FLAGS.map((flags) => post(`/v0/data/app/allow?${flags}`, '{"user":"alice"}')),
  ...METHODS.flatMap((method) =>
    ['/v1/data', '/v1/data/app', '/v0/data/app', '/health'].map((path) => ({ method, path })),
  ),
  { method: 'GET', path: '/v0/data/app' },
  { method: 'HEAD', path: '/metrics' },
  { path: '/v1/data' },
  post('/v1/data', input('{"user":"alice"}')),
  { path: '/v1/nothing' },
  { path: '/v1/dat' },
  post('/v1/data/clash/complete', input('{"a":true}')),
  post('/v1/data/clash/complete', input('{"a":true,"b":true}')),
  post('/v1/data/clash/object', input('{}')),
  post('/v1/data/clash/object', input('{"b":true}')),
  post('/v0/data/clash/complete', '{"a":true,"b":true}'),
  post('/v1/data/clash/missing', input('{"from":1}')),
  post('/v1/data/clash/missing?strict-builtin-errors', input('{"from":1}')),
  { path: '/v1/data/app/echo?input=1&input=2' },
  ...['app/%22', 'app/%FF', 'app/%00', 'app/greeting', 'app/%E2%82'].map((path) => ({ path: `/v1/data/${path}` })),
  post('/v1/data/app/echo', Buffer.concat([Buffer.from('{"input":"a'), Buffer.from([0xff]), Buffer.from('b"}')])),
  post('/v0/data/app/echo', Buffer.concat([Buffer.from('"'), Buffer.from([0xc3, 0x28]), Buffer.from('"')])),
  post('/v1/data/app/echo', input(`${'['.repeat(100)}${']'.repeat(100)}`)),
  post('/v1/data/app/echo', input(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)),
  post('/v1/data/app/echo', gzipSync(input('1')).subarray(0, 12), gzip),
  { path: '/v1/data/app/echo?input=' },
  { path: '/v1/data/app/echo?input' },
  post('/v1/data/app/echo', 'input:\n  a: [1, 2]\n  b: yes\n  c: 1.50\n  d: "1"\n', yaml),
  post('/v1/data/app/echo', 'input: {x: &a [1], y: *a}\n', { 'content-type': 'text/x-yaml; charset=utf-8' }),
  post('/v1/data/app/echo', 'input: [\n', yaml),
  post('/v1/data/app/echo', '{"input":{"json":true}}', yaml),
  post('/v1/data/app/echo', '', yaml),
  post('/v1/data/app/echo', 'other: 1\n', yaml),
  post('/v1/data/app/echo', '- a\n', yaml),
  post('/v0/data/app/echo', 'a: 1\n', yaml),
  post('/v1/data/app/echo', input('1'), { 'content-type': 'text/plain' }),
  post('/v1/data/app/echo', input('1'), { 'content-type': 'nonsense' }),
  post('/v1/data/app/echo', gzipSync(input('{"z":1}')), gzip),
  post('/v0/data/app/echo', gzipSync('{"z":1}'), gzip),
  post('/v1/data/app/echo', input(JSON.stringify('x'.repeat(2_000))), { 'accept-encoding': 'gzip' }),
  post('/v1/data/app/echo', input(JSON.stringify('x'.repeat(20))), { 'accept-encoding': 'gzip' }),
  post('/v1/data/app/echo', input(JSON.stringify('x'.repeat(2_000))), { 'accept-encoding': 'identity' }),
  post('/v1/data/app/echo', input(JSON.stringify('x'.repeat(1_000_000)))),
  { path: '/health' },
  { path: '/health?bundles' },
  { path: '/health?bundle=true&plugins' },
  { path: '/health?plugins&exclude-plugin=bundle' },
  { path: '/health/live' },
  { path: '/health/odd' },
  { path: '/health/never' },
  { path: '/health/nothing' },
]
