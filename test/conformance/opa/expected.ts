/** Cases that may fail, and why: built-ins that are left out on purpose, and what OPA's own engine does not pass either. */

/** Names of built-ins, or beginnings of names, that this service does not have. */
export const LEFT_OUT: readonly string[] = [
  'crypto.x509.',
  'graphql.',
  'providers.aws.',
  'rego.parse_module',
  'strings.render_template',
]

/** In OPA's `exceptions.yaml` for WASM, and failing here as there. */
export const ENGINE: readonly string[] = [
  'data/toplevel integer',
  'data/nested integer',
  'jsonbuiltins/unmarshal number beyond the supported exponent is undefined',
  'jsonbuiltins/unmarshal number with too big an exponent is undefined',
  'strings/format_int: bignum exact (>64-bit integer, all bases + negative)',
]

const LACKS = /lacks: (.*)$/

/** Whether the failure of a case is one of those. */
export function isExpected(note: string, reason: string): boolean {
  const lacking = LACKS.exec(reason)?.[1]?.split(', ')
  if (lacking !== undefined) return lacking.every((name) => LEFT_OUT.some((left) => name.startsWith(left)))
  return ENGINE.includes(note)
}
