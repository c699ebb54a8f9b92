/**
 * `.signatures.json`: one JWT over the digests of all files (OPA, "Signing"), plus our claim `version` and, where it ends,
 * `exp` (RFC 7519 4.1.4). Signs and verifies.
 */
import { matchesGlob } from 'node:path/posix'
import { epochSeconds, systemClock } from '../../kernel/clock.ts'
import { type Static, Type } from '../../schema/type.ts'
import { compile } from '../../schema/validator.ts'
import { BundleError } from '../engine.ts'
import { ALGORITHMS, type BundleAlgorithm } from './algorithms.ts'
import { type BundleFiles, fileDigest, MANIFEST, SIGNATURES } from './digest.ts'

/** A key that may sign bundles. The algorithm is the key's, whatever a signature claims. */
export interface BundleKey {
  readonly id: string
  readonly algorithm: BundleAlgorithm
  /** PEM public key or certificate; for HS* the secret itself. */
  readonly key: string
  /** The claim `scope` must equal it; empty equals empty. */
  readonly scope?: string
  /** `retired`: only what was active already is accepted. `revoked`: nothing it signed is. */
  readonly state?: 'active' | 'retired' | 'revoked'
}

export interface BundleSigner {
  readonly privateKey: string
  readonly keyId: string
  readonly version: number
  readonly algorithm?: BundleAlgorithm
  readonly scope?: string
  /** Seconds since the epoch (claims `iat` and `exp`); an end is optional. */
  readonly issuedAt?: number
  readonly expiresAt?: number
}

/** What the configuration of one bundle says of its signature (OPA, `signing`). */
export interface SigningRules {
  /** This key alone, whatever a signature names. */
  readonly keyId?: string
  /** In place of the key's own. */
  readonly scope?: string
  /** Patterns of `path.Match` kind, as OPA's: what fits is neither verified nor read. */
  readonly excludeFiles?: readonly string[]
}

export interface VerifiedSignature {
  readonly keyId: string
  readonly isRetired: boolean
  readonly version: number
  /** Seconds since the epoch; undefined where the signature does not say. */
  readonly issuedAt: number | undefined
  readonly expiresAt: number | undefined
}

const File = Type.Object({ name: Type.String(), hash: Type.String(), algorithm: Type.Optional(Type.String()) })
const Claims = Type.Object({
  files: Type.Array(File),
  scope: Type.Optional(Type.String()),
  keyid: Type.Optional(Type.String()),
  version: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  iat: Type.Optional(Type.Number({ minimum: 0 })),
  exp: Type.Optional(Type.Number({ minimum: 0 })),
})
const Header = Type.Object({ alg: Type.String(), kid: Type.Optional(Type.String()) })
const Signatures = Type.Object({
  signatures: Type.Array(Type.String(), { minItems: 1, maxItems: 1 }),
  plugin: Type.Optional(Type.Unsafe<string>({ type: 'string', enum: ['', '_default'] })),
})
const isClaims = compile(Claims)
const isHeader = compile(Header)
const isSignatures = compile(Signatures)

/** The text of `.signatures.json` for these files. */
export function signBundle(files: BundleFiles, signer: BundleSigner): string {
  const algorithm = signer.algorithm ?? 'ES256'
  const names = [...files.keys()].filter((name) => name !== SIGNATURES).sort()
  const claims: Static<typeof Claims> = {
    files: names.map((name) => ({
      name,
      hash: fileDigest(name, files.get(name) ?? new Uint8Array()),
      algorithm: 'SHA-256',
    })),
    scope: signer.scope ?? '',
    version: signer.version,
    iat: signer.issuedAt ?? epochSeconds(systemClock),
    ...(signer.expiresAt !== undefined && { exp: signer.expiresAt }),
  }
  if (!isClaims.check(claims)) throw new Error('the version of a bundle is a non-negative integer')
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${encode({ alg: algorithm, kid: signer.keyId, typ: 'JWT' })}.${encode(claims)}`
  const signature = ALGORITHMS[algorithm].sign(Buffer.from(input), signer.privateKey)
  return `${JSON.stringify({ signatures: [`${input}.${Buffer.from(signature).toString('base64url')}`] })}\n`
}

/** Checks signature first, then that files and claim list each other exactly. Throws BundleError. */
export function verifySignature(
  files: BundleFiles,
  keys: readonly BundleKey[],
  rules: SigningRules = {},
): VerifiedSignature {
  const text = files.get(SIGNATURES)
  if (text === undefined) throw new BundleError('unsigned', `the bundle has no ${SIGNATURES}`)
  const { key, claims } = verifyToken(text, keys, rules)
  compare(files, claims.files, rules.excludeFiles ?? [])
  return {
    keyId: key.id,
    isRetired: key.state === 'retired',
    version: claims.version,
    issuedAt: claims.iat,
    expiresAt: claims.exp,
  }
}

/** Is the signer of a bundle that was verified before still trusted? Throws BundleError where not. */
export function verifySigner(signatures: Uint8Array, keys: readonly BundleKey[], rules: SigningRules = {}): void {
  verifyToken(signatures, keys, rules)
}

function verifyToken(
  text: Uint8Array,
  keys: readonly BundleKey[],
  rules: SigningRules,
): { readonly key: BundleKey; readonly claims: Static<typeof Claims> } {
  const document = parse(text)
  if (!isSignatures.check(document)) throw bad(`${SIGNATURES} must hold exactly one signature of OPA's default kind`)
  const [header, payload, signature, ...rest] = (document.signatures[0] ?? '').split('.')
  if (!header || !payload || !signature || rest.length > 0) throw bad('the signature is no compact JWT')
  const head = parse(Buffer.from(header, 'base64url'))
  const claims = parse(Buffer.from(payload, 'base64url'))
  if (!isHeader.check(head)) throw bad('the header of the signature is malformed')
  const key = findKey(keys, rules.keyId ?? head.kid ?? keyIdIn(claims))
  if (head.alg !== key.algorithm) throw bad(`the signature does not use the algorithm of key ${key.id}`)
  if (!signedBy(key, `${header}.${payload}`, signature)) throw bad(`the signature is not by key ${key.id}`)
  if (!isClaims.check(claims)) throw bad('the signature lacks `files`, or the integer claim `version`')
  if ((claims.scope ?? '') !== (rules.scope || key.scope || '')) throw bad(`the scope is not that of key ${key.id}`)
  return { key, claims }
}

/** What decides is always signed: no pattern takes these out. */
const ALWAYS_SIGNED: ReadonlySet<string> = new Set(['policy.wasm', 'data.json', MANIFEST, SIGNATURES])

const isExcluded = (name: string, patterns: readonly string[]): boolean =>
  !ALWAYS_SIGNED.has(name) && patterns.some((pattern) => matchesGlob(name, pattern.replace(/^\//, '')))

/** The files that a bundle is made of: what is excluded from verification is not part of it. */
export const withoutExcluded = (files: BundleFiles, patterns: readonly string[] = []): BundleFiles =>
  patterns.length === 0 ? files : new Map([...files].filter(([name]) => !isExcluded(name, patterns)))

function findKey(keys: readonly BundleKey[], id: string | undefined): BundleKey {
  const key = keys.find((candidate) => candidate.id === id)
  if (key === undefined) throw new BundleError('unknown_key', 'the bundle is signed by a key that is not configured')
  if (key.state === 'revoked') throw new BundleError('unknown_key', `key ${key.id} is revoked`)
  return key
}

/** Older signers name the key in the payload; it only selects the key, which then verifies that very payload. */
function keyIdIn(claims: unknown): string | undefined {
  const named = typeof claims === 'object' && claims !== null && 'keyid' in claims ? claims.keyid : undefined
  return typeof named === 'string' ? named : undefined
}

function signedBy(key: BundleKey, input: string, signature: string): boolean {
  try {
    return ALGORITHMS[key.algorithm].verify(Buffer.from(input), Buffer.from(signature, 'base64url'), key.key)
  } catch (cause) {
    throw new BundleError('bad_signature', `key ${key.id} cannot verify ${key.algorithm}`, { cause })
  }
}

function compare(files: BundleFiles, listed: Static<typeof Claims>['files'], excluded: readonly string[]): void {
  const included = listed.filter(({ name }) => !isExcluded(name, excluded))
  const hashes = new Map(included.map((file) => [file.name, file]))
  if (hashes.size !== included.length) throw bad('the signature lists a file twice')
  for (const [name, bytes] of files) {
    if (name === SIGNATURES || isExcluded(name, excluded)) continue
    const entry = hashes.get(name)
    if (entry === undefined) throw new BundleError('digest_mismatch', 'a file of the bundle is not signed')
    if (fileDigest(name, bytes, entry.algorithm) !== entry.hash.toLowerCase()) {
      throw new BundleError('digest_mismatch', 'a file differs from what was signed')
    }
    hashes.delete(name)
  }
  if (hashes.size > 0) throw new BundleError('digest_mismatch', 'a signed file is missing from the bundle')
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw new BundleError('bad_signature', `${SIGNATURES} is malformed`, { cause })
  }
}

const bad = (message: string) => new BundleError('bad_signature', message)
