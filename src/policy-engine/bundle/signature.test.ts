/** Signatures: OPA accepts ours, we accept OPA's, and each way to be wrong has its own code (OPA, "Signing"). */
import { spawnSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { writeArchive } from './archive.ts'
import { revisionOf, SIGNATURES } from './digest.ts'
import { type BundleKey, signBundle, verifySignature, withoutExcluded } from './signature.ts'

const OPA = resolve(process.env.OPA ?? '.toolchain/opa')
const opa = (args: string[], cwd = folder) => {
  const { status, stdout, stderr } = spawnSync(OPA, args, { cwd, encoding: 'utf8' })
  return { status, text: stdout + stderr }
}
const folder = mkdtempSync(join(tmpdir(), 'bundle-signature-'))
afterAll(() => rmSync(folder, { recursive: true }))

function pair(namedCurve = 'P-256') {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
  return {
    privateKey: privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

const { privateKey, publicKey } = pair()
const keys: BundleKey[] = [{ id: 'k1', algorithm: 'ES256', key: publicKey }]
const files = new Map<string, Uint8Array>([
  ['.manifest', Buffer.from('{"roots": ["x"], "revision": "r1"}')],
  ['data.json', Buffer.from('{"x":{"b":1.50,"a":"\\u2028<é"}}')],
  ['x/x.rego', Buffer.from('package x.y\n\nallow := true\n')],
])
const signed = (over = files, version = 7) =>
  new Map(over).set(SIGNATURES, Buffer.from(signBundle(over, { privateKey, keyId: 'k1', version })))
const withClaims = (
  change: (claims: Record<string, unknown>) => void,
  header: object = { alg: 'ES256', kid: 'k1' },
) => {
  const text = JSON.parse(signBundle(files, { privateKey, keyId: 'k1', version: 7 })) as { signatures: string[] }
  const claims = JSON.parse(Buffer.from(text.signatures[0]?.split('.')[1] ?? '', 'base64url').toString())
  change(claims)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${part(header)}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const jwt = `${input}.${signature.toString('base64url')}`
  return new Map(files).set(SIGNATURES, Buffer.from(JSON.stringify({ signatures: [jwt] })))
}

describe('bundle signatures (OPA, Signing)', () => {
  it('verifies what it signed and gives key and version', () => {
    expect(verifySignature(signed(), keys)).toMatchObject({ keyId: 'k1', isRetired: false, version: 7 })
  })

  it('is accepted by OPA itself', async () => {
    const path = join(folder, 'ours.tar.gz')
    writeFileSync(path, await writeArchive(signed()))
    writeFileSync(join(folder, 'pub.pem'), publicKey)
    const flags = ['--verification-key', 'pub.pem', '--verification-key-id', 'k1', '--signing-alg', 'ES256']
    const build = () => opa(['build', '-b', path, ...flags, '-o', 'again.tar.gz'])
    expect(build()).toMatchObject({ status: 0 })
    writeFileSync(path, await writeArchive(signed().set('x/x.rego', Buffer.from('package x.y\n\nallow := false\n'))))
    expect(build()).toMatchObject({ status: 1, text: expect.stringContaining('digest mismatch') })
  })

  it('accepts what `opa sign` made, with the claim `version` added to it', () => {
    const tree = join(folder, 'tree')
    mkdirSync(join(tree, 'x'), { recursive: true })
    for (const [name, bytes] of files) writeFileSync(join(tree, name), bytes)
    writeFileSync(join(folder, 'claims.json'), '{"version": 9, "keyid": "k1", "scope": ""}')
    writeFileSync(join(folder, 'key.pem'), privateKey)
    const flags = ['--signing-key', '../key.pem', '--signing-alg', 'ES256', '--claims-file', '../claims.json']
    expect(opa(['sign', '-b', '.', ...flags, '-o', '..'], tree)).toMatchObject({ status: 0 })
    const theirs = new Map(files).set(SIGNATURES, readFileSync(join(folder, SIGNATURES)))
    expect(verifySignature(theirs, keys)).toMatchObject({ keyId: 'k1', isRetired: false, version: 9 })
  })

  it.each([
    ['unsigned', 'unsigned', () => files],
    ['no JSON', 'bad_signature', () => new Map(files).set(SIGNATURES, Buffer.from('x'))],
    ['no signature', 'bad_signature', () => new Map(files).set(SIGNATURES, Buffer.from('{"signatures":[]}'))],
    ['a changed byte', 'digest_mismatch', () => signed().set('x/x.rego', Buffer.from('package x.z\n'))],
    [
      'a changed number text',
      'digest_mismatch',
      () => signed().set('data.json', Buffer.from('{"x":{"b":1.5,"a":""}}')),
    ],
    ['an added file', 'digest_mismatch', () => signed().set('extra.rego', Buffer.from('package extra'))],
    ['a removed file', 'digest_mismatch', () => new Map([...signed()].filter(([name]) => name !== 'x/x.rego'))],
    ['alg none', 'bad_signature', () => withClaims(() => {}, { alg: 'none', kid: 'k1' })],
    ['HMAC with the public key', 'bad_signature', () => withClaims(() => {}, { alg: 'HS256', kid: 'k1' })],
    ['another key id', 'unknown_key', () => withClaims(() => {}, { alg: 'ES256', kid: 'k2' })],
    ['no key id', 'unknown_key', () => withClaims(() => {}, { alg: 'ES256' })],
    ['another scope', 'bad_signature', () => withClaims((claims) => Object.assign(claims, { scope: 'write' }))],
    ['no version', 'bad_signature', () => withClaims((claims) => Object.assign(claims, { version: undefined }))],
    ['a fractional version', 'bad_signature', () => withClaims((claims) => Object.assign(claims, { version: 1.5 }))],
    [
      'MD5 digests',
      'bad_signature',
      () =>
        withClaims((claims) =>
          Object.assign(claims, { files: [...files.keys()].map((name) => ({ name, hash: '0', algorithm: 'MD5' })) }),
        ),
    ],
  ])('refuses %s as %s', (_title, code, make) => {
    expect(() => verifySignature(make(), keys)).toThrow(expect.objectContaining({ code }))
  })

  it('takes the key named in the claim `keyid` where the header names none, as older signers write', () => {
    expect(
      verifySignature(
        withClaims((claims) => Object.assign(claims, { keyid: 'k1' }), { alg: 'ES256' }),
        keys,
      ).keyId,
    ).toBe('k1')
  })

  it('refuses a signature of another private key, of a revoked key, and a key of another curve', () => {
    const other: BundleKey[] = [{ id: 'k1', algorithm: 'ES256', key: pair().publicKey }]
    expect(() => verifySignature(signed(), other)).toThrow(expect.objectContaining({ code: 'bad_signature' }))
    const revoked = keys.map((key): BundleKey => ({ ...key, state: 'revoked' }))
    expect(() => verifySignature(signed(), revoked)).toThrow(expect.objectContaining({ code: 'unknown_key' }))
    const curve: BundleKey[] = [{ id: 'k1', algorithm: 'ES256', key: pair('P-384').publicKey }]
    expect(() => verifySignature(signed(), curve)).toThrow(expect.objectContaining({ code: 'bad_signature' }))
    const confused: BundleKey[] = [
      {
        id: 'k1',
        algorithm: 'HS256',
        key: createPublicKey(publicKey).export({ type: 'spki', format: 'pem' }).toString(),
      },
    ]
    expect(() => signBundle(files, { privateKey: publicKey, keyId: 'k1', version: 1, algorithm: 'HS256' })).toThrow(
      /PEM/,
    )
    expect(() => verifySignature(signed(), confused)).toThrow(expect.objectContaining({ code: 'bad_signature' }))
  })
})

describe('rules for the signature of one bundle (OPA, `signing`)', () => {
  const other = pair()
  const both: BundleKey[] = [...keys, { id: 'k2', algorithm: 'ES256', key: other.publicKey, scope: 'read' }]
  const bySecond = (scope?: string) =>
    new Map(files).set(
      SIGNATURES,
      Buffer.from(
        signBundle(files, {
          privateKey: other.privateKey,
          keyId: 'k2',
          version: 8,
          ...(scope !== undefined && { scope }),
        }),
      ),
    )

  it('take each of several keys', () => {
    expect(verifySignature(signed(), both).keyId).toBe('k1')
    expect(verifySignature(bySecond('read'), both).keyId).toBe('k2')
  })

  it('take one key alone where `keyid` names it, whatever the signature names', () => {
    expect(() => verifySignature(bySecond('read'), both, { keyId: 'k1' })).toThrow(/not by key k1/)
    expect(() => verifySignature(signed(), both, { keyId: 'k3' })).toThrow(
      expect.objectContaining({ code: 'unknown_key' }),
    )
  })

  it('ask for the scope of the bundle, else of the key; none is none', () => {
    expect(() => verifySignature(bySecond(), both)).toThrow(/scope/)
    expect(() => verifySignature(bySecond('write'), both)).toThrow(/scope/)
    expect(verifySignature(bySecond('write'), both, { scope: 'write' }).version).toBe(8)
    expect(() => verifySignature(bySecond('read'), both, { scope: 'write' })).toThrow(/scope/)
    expect(() => verifySignature(signed(), both, { scope: 'write' })).toThrow(/scope/)
  })

  it('leave excluded files out of verification and out of the bundle, but never what decides', () => {
    const extra = () => signed().set('notes/readme.txt', Buffer.from('changed at will'))
    expect(() => verifySignature(extra(), keys)).toThrow(/not signed/)
    const rules = { excludeFiles: ['notes/*'] }
    expect(verifySignature(extra(), keys, rules).version).toBe(7)
    expect([...withoutExcluded(extra(), rules.excludeFiles).keys()]).not.toContain('notes/readme.txt')
    const all = { excludeFiles: ['*', '**/*', 'data.json', '.manifest'] }
    const forged = signed().set('data.json', Buffer.from('{"x":{}}'))
    expect(() => verifySignature(forged, keys, all)).toThrow(expect.objectContaining({ code: 'digest_mismatch' }))
    expect([...withoutExcluded(forged, all.excludeFiles).keys()]).toContain('data.json')
  })

  it.each(['HS256', 'HS384', 'HS512'] as const)('take a shared secret with %s, as OPA does', async (algorithm) => {
    const secret = 'a shared secret of 32 characters'
    const hmac: BundleKey[] = [{ id: 'h', algorithm, key: secret }]
    const text = signBundle(files, { privateKey: secret, keyId: 'h', version: 1, algorithm })
    const bundle = new Map(files).set(SIGNATURES, Buffer.from(text))
    expect(verifySignature(bundle, hmac).keyId).toBe('h')
    expect(() => verifySignature(bundle, [{ id: 'h', algorithm, key: `${secret}!` }])).toThrow(/not by key/)
    expect(() => verifySignature(bundle, [{ id: 'h', algorithm, key: 'short' }])).toThrow(/cannot verify/)
    const path = join(folder, `${algorithm}.tar.gz`)
    writeFileSync(path, await writeArchive(bundle))
    const flags = ['--verification-key', secret, '--verification-key-id', 'h', '--signing-alg', algorithm]
    expect(opa(['build', '-b', path, ...flags, '-o', 'hmac.tar.gz'])).toMatchObject({ status: 0 })
  })

  it('say when it was signed and until when it stands, and OPA reads it all the same', async () => {
    const text = signBundle(files, { privateKey, keyId: 'k1', version: 7, issuedAt: 1000, expiresAt: 2000 })
    const bundle = new Map(files).set(SIGNATURES, Buffer.from(text))
    expect(verifySignature(bundle, keys)).toMatchObject({ issuedAt: 1000, expiresAt: 2000 })
    const path = join(folder, 'ends.tar.gz')
    writeFileSync(path, await writeArchive(bundle))
    writeFileSync(join(folder, 'pub.pem'), publicKey)
    const flags = ['--verification-key', 'pub.pem', '--verification-key-id', 'k1', '--signing-alg', 'ES256']
    expect(opa(['build', '-b', path, ...flags, '-o', 'again.tar.gz'])).toMatchObject({ status: 0 })
    for (const claims of [{ exp: '2000' }, { exp: -1 }, { iat: null }]) {
      expect(() =>
        verifySignature(
          withClaims((given) => Object.assign(given, claims)),
          keys,
        ),
      ).toThrow(expect.objectContaining({ code: 'bad_signature' }))
    }
  })
})

describe('revision', () => {
  it('covers every file, ignores the signature and the revision in the manifest', () => {
    const before = revisionOf(files)
    expect(revisionOf(signed())).toBe(before)
    expect(revisionOf(new Map(files).set('.manifest', Buffer.from('{"roots":["x"],"revision":"r2"}')))).toBe(before)
    expect(revisionOf(new Map(files).set('.manifest', Buffer.from('{"roots":["y"],"revision":"r1"}')))).not.toBe(before)
    expect(revisionOf(new Map(files).set('data.json', Buffer.from('{}')))).not.toBe(before)
  })
})
