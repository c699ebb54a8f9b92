/**
 * For tests: an authenticator in software, WebAuthn Level 3 6: ES256 keys, flags and counters as the test says, attestation
 * none, self, or by a certificate of its own maker. It does what a hostile one can do.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

type Cbor = number | string | Uint8Array | ReadonlyMap<number | string, Cbor> | readonly Cbor[]

function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length])
  if (length < 256) return Buffer.from([(major << 5) | 24, length])
  return Buffer.from([(major << 5) | 25, length >> 8, length & 255])
}

/** RFC 8949 3, as much of it as attestations need. */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.byteLength), value])
  if (value instanceof Map)
    return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, member]) => [cbor(key), cbor(member)])])
  const list = value as readonly Cbor[]
  return Buffer.concat([head(4, list.length), ...list.map(cbor)])
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest()
const base64url = (data: Uint8Array) => Buffer.from(data).toString('base64url')

export interface CeremonyOptions {
  readonly challenge: string
  readonly rp?: { readonly id?: string }
  readonly rpId?: string
  readonly user?: { readonly id: string }
}

export interface Behaviour {
  readonly userVerified?: boolean
  readonly userPresent?: boolean
  readonly backupEligible?: boolean
  readonly backedUp?: boolean
  readonly counter?: number
  readonly origin?: string
  readonly rpId?: string
  readonly challenge?: string
  readonly type?: string
  readonly crossOrigin?: boolean
  readonly userHandle?: string
}

export interface Maker {
  /** DER, the leaf first. */
  readonly chain: readonly Uint8Array[]
  readonly key: KeyObject
}

export type Attestation = 'none' | 'self' | Maker

export class Authenticator {
  readonly credentialId = base64url(randomBytes(32))
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  readonly #origin: string
  readonly #aaguid: Buffer
  #userHandle: string | undefined
  #counter = 0

  constructor(origin: string, aaguid = '00000000-0000-0000-0000-000000000000') {
    this.#origin = origin
    this.#aaguid = Buffer.from(aaguid.replaceAll('-', ''), 'hex')
  }

  #clientData(type: string, options: CeremonyOptions, how: Behaviour): Buffer {
    const { challenge = options.challenge, origin = this.#origin, crossOrigin = false } = how
    return Buffer.from(JSON.stringify({ type: how.type ?? type, challenge, origin, crossOrigin }))
  }

  #authData(options: CeremonyOptions, how: Behaviour, attested?: Buffer): Buffer {
    const { userVerified = true, userPresent = true, backupEligible = false, backedUp = false } = how
    const flags =
      (userPresent ? 1 : 0) |
      (userVerified ? 4 : 0) |
      (backupEligible ? 8 : 0) |
      (backedUp ? 16 : 0) |
      (attested ? 0x40 : 0)
    this.#counter = how.counter ?? this.#counter + 1
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(this.#counter)
    const rpId = how.rpId ?? options.rp?.id ?? options.rpId ?? ''
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), counter, attested ?? Buffer.alloc(0)])
  }

  #cosePublicKey(): Buffer {
    const { x = '', y = '' } = this.#keys.publicKey.export({ format: 'jwk' })
    const bytes = (text: string) => Buffer.from(text, 'base64url')
    return cbor(
      new Map<number, Cbor>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, bytes(x)],
        [-3, bytes(y)],
      ]),
    )
  }

  /** RegistrationResponseJSON, as text. */
  create(options: CeremonyOptions, how: Behaviour = {}, attestation: Attestation = 'none'): string {
    this.#userHandle = options.user?.id
    const id = Buffer.from(this.credentialId, 'base64url')
    const attested = Buffer.concat([this.#aaguid, Buffer.from([0, id.length]), id, this.#cosePublicKey()])
    const authData = this.#authData(options, how, attested)
    const clientData = this.#clientData('webauthn.create', options, how)
    const signed = Buffer.concat([authData, sha256(clientData)])
    const statement = new Map<string, Cbor>()
    if (attestation !== 'none') {
      const key = attestation === 'self' ? this.#keys.privateKey : attestation.key
      statement.set('alg', -7).set('sig', sign('sha256', signed, key))
      if (attestation !== 'self') statement.set('x5c', attestation.chain)
    }
    const fmt = attestation === 'none' ? 'none' : 'packed'
    const object = cbor(
      new Map<string, Cbor>([
        ['fmt', fmt],
        ['attStmt', statement],
        ['authData', authData],
      ]),
    )
    return this.#answer({
      clientDataJSON: base64url(clientData),
      attestationObject: base64url(object),
      transports: ['usb'],
    })
  }

  /** AuthenticationResponseJSON, as text. */
  get(options: CeremonyOptions, how: Behaviour = {}): string {
    const authData = this.#authData(options, how)
    const clientData = this.#clientData('webauthn.get', options, how)
    const signature = sign('sha256', Buffer.concat([authData, sha256(clientData)]), this.#keys.privateKey)
    const userHandle = how.userHandle ?? this.#userHandle
    return this.#answer({
      clientDataJSON: base64url(clientData),
      authenticatorData: base64url(authData),
      signature: base64url(signature),
      ...(userHandle !== undefined && { userHandle }),
    })
  }

  #answer(response: object): string {
    return JSON.stringify({ id: this.credentialId, rawId: this.credentialId, type: 'public-key', response })
  }
}

/** The options that a page of ours holds for its script. */
export function optionsOn(text: string): CeremonyOptions {
  const found = /data-options="(\{[^"]*)"/.exec(text)?.[1]
  if (found === undefined) throw new Error(`no options on the page: ${text.slice(0, 400)}`)
  return JSON.parse(found.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&'))
}
