/** Why a bundle is refused: each code, and what it means; docs/bundle-life.md equals the table by test. */
export const REFUSALS = {
  unreadable: 'The file or folder cannot be read.',
  too_large: 'It exceeds `limits.bundle_bytes`, or four times as much unpacked.',
  not_a_bundle: 'It is no gzipped tar as `opa build` makes it, or damaged.',
  unsigned: 'It has no `.signatures.json`.',
  unknown_key: 'It is signed by a key that is not configured, is revoked, or is retired and signed something new.',
  bad_signature: 'The signature is malformed, not by the key that it names, or of another scope.',
  digest_mismatch: 'A file differs from what was signed, is missing, or was added.',
  older_version: 'Its version lies under the high-water mark, or under `minimum_version`.',
  version_conflict: 'Its version was active with another content.',
  expired: 'Its claim `exp` has passed, or it is older than `max_age_seconds` by its claim `iat`.',
  not_yet_valid: 'It was signed in the future: a clock is wrong, and `max_age_seconds` cannot be counted.',
  no_wasm: 'It has policies and no `policy.wasm`.',
  missing_entrypoint: 'It lacks an entrypoint that the platform asks.',
  outside_roots: 'It holds what lies outside the roots of its manifest.',
  roots_conflict: 'It claims what the platform bundle or another active bundle owns.',
  no_platform: 'The platform bundle must be active before any other.',
  self_check_failed: 'It cannot be loaded, traps on an empty input, or answers out of contract.',
  held: 'Another version is pinned.',
  source_unreachable: 'The service that it comes from cannot be reached, or not in time.',
  source_refused: 'The service answers neither a bundle nor that nothing changed: an error, a redirect.',
  mark_unavailable: 'The store does not tell which version was active before.',
} as const

export type BundleRefusal = keyof typeof REFUSALS
