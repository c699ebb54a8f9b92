/** Built-ins that OPA's compiler knows and that neither a WASM module nor our host provides: calling one would trap. */
import { BUILTINS } from '../../src/policy-engine/builtins/table.ts'

/** What a module calls its host for, by family. `print` and `rego.metadata.*` are compiled away. */
const HOSTED: Readonly<Record<string, string>> = {
  base64url: 'encode_no_pad',
  '': 'cast_array cast_boolean cast_null cast_object cast_set cast_string indexof_n trace',
  'crypto.hmac': 'equal md5 sha1 sha256 sha512',
  crypto: 'md5 parse_private_keys sha1 sha256',
  'crypto.x509':
    'parse_and_verify_certificates parse_and_verify_certificates_with_options parse_certificate_request parse_certificates parse_keypair parse_rsa_private_key',
  glob: 'quote_meta',
  graph: 'reachable_paths',
  graphql: 'is_valid parse parse_and_verify parse_query parse_schema schema_is_valid',
  hex: 'decode encode',
  http: 'send',
  'io.jwt':
    'decode decode_verify encode_sign encode_sign_raw verify_eddsa verify_es256 verify_es384 verify_es512 verify_hs256 verify_hs384 verify_hs512 verify_ps256 verify_ps384 verify_ps512 verify_rs256 verify_rs384 verify_rs512',
  json: 'marshal_with_options match_schema patch verify_schema',
  net: 'cidr_contains_matches cidr_expand cidr_is_valid cidr_merge lookup_ip_addr',
  numbers: 'range_step',
  object: 'subset',
  opa: 'runtime',
  'providers.aws': 'sign_req',
  rand: 'intn',
  regex: 'find_n globs_match replace template_match',
  rego: 'parse_module',
  semver: 'compare is_valid',
  strings: 'any_prefix_match any_suffix_match count render_template split_n',
  time: 'add_date clock date diff format now_ns parse_duration_ns parse_ns parse_rfc3339_ns weekday',
  units: 'parse parse_bytes',
  uri: 'is_valid parse',
  urlquery: 'decode decode_object encode encode_object',
  uuid: 'parse rfc4122',
}

export const lackedBuiltins = (): ReadonlySet<string> =>
  new Set(
    Object.entries(HOSTED)
      .flatMap(([family, names]) => names.split(' ').map((name) => (family === '' ? name : `${family}.${name}`)))
      .filter((name) => !BUILTINS.has(name)),
  )
