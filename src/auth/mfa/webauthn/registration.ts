/**
 * Registers a passkey or security key: a discoverable credential where the authenticator can hold one, its attestation judged
 * by our own roots. WebAuthn Level 3 7.1.
 */
import {
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type RegistrationResponseJSON,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import { decodeAttestationObject, isoBase64URL } from '@simplewebauthn/server/helpers'
import type { HttpRequest } from '../../../http/message.ts'
import type { Obligations } from '../../../policy-engine/contract/index.ts'
import type { PasskeyRecord } from '../../../storage/factors.ts'
import type { UserRecord } from '../../../storage/records.ts'
import { attestationKind } from './attestation.ts'
import { CHALLENGE_SECONDS, type ChallengeDeps, newChallenge, takeChallenge } from './challenges.ts'
import { challengeIn } from './credential-json.ts'
import { forgetLibraryRoots } from './library-roots.ts'
import type { RelyingParty } from './relying-party.ts'

// Before anything is verified: this module alone reads attestations.
forgetLibraryRoots()

/** ES256, EdDSA, RS256: what every authenticator has one of. */
const ALGORITHMS = [-7, -8, -257]

export type PasskeyDeps = ChallengeDeps & { readonly relyingParty: RelyingParty }

export async function registrationOptions(
  deps: PasskeyDeps,
  request: HttpRequest,
  person: { readonly user: UserRecord; readonly browser: string; readonly passkeys: readonly PasskeyRecord[] },
  wanted: Pick<Obligations<'mfa'>, 'user_verification' | 'attestation'>,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const { user, browser, passkeys } = person
  const { rpId, name } = deps.relyingParty
  const challenge = await newChallenge(deps, request, { ceremony: 'passkey_registration', browser, sub: user.sub })
  const options = await generateRegistrationOptions({
    rpName: name,
    rpID: rpId,
    userName: user.userName,
    // The pseudonymous sub: it lies in the authenticator and must tell nothing (WebAuthn Level 3 14.6.1).
    userID: new TextEncoder().encode(user.sub),
    challenge: isoBase64URL.toBuffer(challenge),
    timeout: CHALLENGE_SECONDS * 1000,
    attestationType: wanted.attestation,
    excludeCredentials: passkeys.map(({ credentialId, transports }) => ({
      id: credentialId,
      transports: [...transports],
    })),
    authenticatorSelection: { residentKey: 'preferred', userVerification: wanted.user_verification },
    supportedAlgorithmIDs: ALGORITHMS,
  })
  return options
}

/** A passkey that is not stored yet; undefined where the answer does not hold, whatever is wrong with it. */
export async function verifyRegistration(
  deps: PasskeyDeps,
  request: HttpRequest,
  person: { readonly user: UserRecord; readonly browser: string },
  response: RegistrationResponseJSON,
): Promise<Omit<PasskeyRecord, 'name' | 'createdAt'> | undefined> {
  const { user, browser } = person
  const challenge = challengeIn(response)
  const expected = { ceremony: 'passkey_registration', browser, sub: user.sub } as const
  if (!(await takeChallenge(deps, request, challenge, expected))) return undefined
  const info = await verified(deps, response, challenge)
  if (info === undefined) return undefined
  const statement = decodeAttestationObject(info.attestationObject).get('attStmt')
  const { credential } = info
  return {
    v: 1,
    sub: user.sub,
    credentialId: credential.id,
    publicKey: isoBase64URL.fromBuffer(credential.publicKey),
    transports: credential.transports ?? [],
    backupEligible: info.credentialDeviceType === 'multiDevice',
    aaguid: info.aaguid,
    attestation: attestationKind(
      { format: info.fmt, certificates: statement.get('x5c') ?? [] },
      deps.relyingParty.attestationRoots,
      deps.clock.nowMs(),
    ),
    userVerified: info.userVerified,
    counter: credential.counter,
    backedUp: info.credentialBackedUp,
  }
}

async function verified({ relyingParty }: PasskeyDeps, response: RegistrationResponseJSON, expectedChallenge: string) {
  try {
    const result = await verifyRegistrationResponse({
      response,
      expectedChallenge,
      expectedOrigin: relyingParty.origin,
      expectedRPID: relyingParty.rpId,
      // Whether it must be verified is policy's to say, of what was found.
      requireUserVerification: false,
      supportedAlgorithmIDs: ALGORITHMS,
    })
    return result.verified ? result.registrationInfo : undefined
  } catch {
    return undefined
  }
}
