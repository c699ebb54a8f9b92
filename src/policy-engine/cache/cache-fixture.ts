/** For tests: a bundle whose rules declare that their answers may be kept, or do not, or ask what answers anew each time. */
import { type FixtureSource, SMALL } from '../bundle/bundle-fixture.ts'

const kept = (custom: string) => `# METADATA\n# entrypoint: true\n# custom:\n#   ${custom}\n`
const TTL = 'cache_ttl_seconds: 90'

export const KEPT: FixtureSource = {
  ...SMALL,
  roots: [...SMALL.roots, 'kept'],
  entrypoints: [...SMALL.entrypoints, 'kept/undeclared'],
  rego: {
    ...SMALL.rego,
    'kept/kept.rego': `package kept

${kept(TTL)}plain := {"x": input.x, "list": [1, {"deep": input.x}]}

undeclared := {"x": input.x}

${kept(TTL)}now := time.now_ns()

${kept(TTL)}seldom := time.now_ns() if input.clock

seldom := 1 if not input.clock

${kept(TTL)}by_function := f(input.x)

f(x) := y if {
	x == 1
	y := rand.intn("a", 10)
}

f(x) := 2 if x != 1

${kept(TTL)}dynamic := data.kept.table[input.key]

table.a := 1

table.b := uuid.rfc4122("x")

${kept(TTL)}by_rule := plain

${kept(`${TTL}\n#   cache_nondeterministic: true`)}declared := time.now_ns()

${kept(`${TTL}\n#   cache_nondeterministic: true`)}asks := http.send({"method": "get", "url": input.url}).body.number

${kept(TTL)}asks_undeclared := http.send({"method": "get", "url": input.url}).body.number

${kept(TTL)}token := io.jwt.decode_verify(input.token, {"secret": "a-secret-of-the-fixture", "alg": "HS256"})[0]

${kept(TTL)}nothing if input.never

${kept(TTL)}trap := {x: y |
	some pair in [["a", 1], ["a", input.x]]
	x := pair[0]
	y := pair[1]
}
`,
  },
}
