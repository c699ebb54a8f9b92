/**
 * Checks a passkey's signature at sign-in or step-up, WebAuthn Level 3 7.2: one challenge, our origin and RP ID alone, the
 * key's own person, and a counter that grows. What fails reads the same, whatever it was.
 */
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  type PublicKeyCredentialRequestOptionsJSON,
  verifyAuthenticationResponse,
} from '@simplewebauthn/server'
import { isoBase64URL } from '@simplewebauthn/server/helpers'
import type { HttpRequest } from '../../../http/message.ts'
import { epochSeconds } from '../../../kernel/clock.ts'
import { digestOf } from '../../../kernel/ids.ts'
import type { Obligations } from '../../../policy-engine/contract/index.ts'
import type { FactorStore, PasskeyRecord } from '../../../storage/factors.ts'
import { noteSpent, whoSpent } from '../../user/spent.ts'
import { CHALLENGE_SECONDS, type ChallengeFor, knowsChallenge, newChallenge, takeChallenge } from './challenges.ts'
import { challengeIn } from './credential-json.ts'
import type { PasskeyDeps } from './registration.ts'

export type AssertionDeps = PasskeyDeps & {
  readonly store: PasskeyDeps['store'] & { readonly factors: Pick<FactorStore, 'passkeys'> }
}

const SPENT = 'passkey_challenge_spent'

const assertionOf = (browser: string): ChallengeFor => ({ ceremony: 'passkey_assertion', browser })

/** Without `passkeys` any discoverable one of this site may answer: nobody learns which accounts have some. */
export async function assertionOptions(
  deps: PasskeyDeps,
  request: HttpRequest,
  browser: string,
  wanted: Pick<Obligations<'mfa'>, 'user_verification'>,
  passkeys: readonly PasskeyRecord[] = [],
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const challenge = await newChallenge(deps, request, assertionOf(browser))
  return generateAuthenticationOptions({
    rpID: deps.relyingParty.rpId,
    challenge: isoBase64URL.toBuffer(challenge),
    timeout: CHALLENGE_SECONDS * 1000,
    userVerification: wanted.user_verification,
    allowCredentials: passkeys.map(({ credentialId, transports }) => ({
      id: credentialId,
      transports: [...transports],
    })),
  })
}

export interface Assertion {
  readonly challenge: string
  readonly passkey: PasskeyRecord
  readonly userVerified: boolean
  readonly backedUp: boolean
  /** Whether it may be backed up is another word than when it was made, WebAuthn Level 3 7.2 step 19. */
  readonly backupChanged: boolean
  readonly counter: number
}

/** A signature that holds; nothing has been written yet, so that nothing is lost where policy can't be asked of it. */
export async function verifyAssertion(
  deps: AssertionDeps,
  request: HttpRequest,
  browser: string,
  response: AuthenticationResponseJSON,
): Promise<Assertion | undefined> {
  const challenge = challengeIn(response)
  if (!(await knowsChallenge(deps, request, challenge, assertionOf(browser)))) return undefined
  const passkey = await deps.store.factors.passkeys.find(request.tenant, response.id)
  if (passkey === undefined || !isOwn(response, passkey)) return undefined
  const info = await verified(deps, response, challenge, passkey)
  if (info === undefined) return undefined
  return {
    challenge,
    passkey,
    backupChanged: (info.credentialDeviceType === 'multiDevice') !== passkey.backupEligible,
    userVerified: info.userVerified,
    backedUp: info.credentialBackedUp,
    counter: info.newCounter,
  }
}

/** Whose sign-in this answer was, where it is shown again. */
export const whoAnswered = (
  deps: AssertionDeps,
  request: Pick<HttpRequest, 'tenant'>,
  response: AuthenticationResponseJSON,
): Promise<string | undefined> => whoSpent(deps.store.oneUse, request.tenant, SPENT, digestOf(challengeIn(response)))

/** WebAuthn Level 3 7.2 step 6: the authenticator names the same person, where it names one. */
function isOwn({ response: { userHandle } }: AuthenticationResponseJSON, { sub }: PasskeyRecord): boolean {
  return userHandle === undefined || Buffer.from(userHandle, 'base64url').toString('utf8') === sub
}

async function verified(
  { relyingParty }: PasskeyDeps,
  response: AuthenticationResponseJSON,
  expectedChallenge: string,
  passkey: PasskeyRecord,
) {
  try {
    const result = await verifyAuthenticationResponse({
      response,
      expectedChallenge,
      expectedOrigin: relyingParty.origin,
      expectedRPID: relyingParty.rpId,
      requireUserVerification: false,
      credential: {
        id: passkey.credentialId,
        publicKey: isoBase64URL.toBuffer(passkey.publicKey),
        // The store compares it, in the step that writes it: here it would be a race.
        counter: 0,
      },
    })
    return result.verified ? result.authenticationInfo : undefined
  } catch {
    return undefined
  }
}

/**
 * Takes the challenge and writes the use: of all that come with one answer, one is `used`. `regressed` and
 * `backup_changed`: another authenticator may hold the same key, and neither is believed.
 */
export async function useAssertion(
  deps: AssertionDeps,
  request: Pick<HttpRequest, 'tenant'>,
  browser: string,
  { challenge, passkey, counter, backedUp, backupChanged }: Assertion,
): Promise<'used' | 'replayed' | 'regressed' | 'backup_changed' | 'missing'> {
  if (!(await takeChallenge(deps, request, challenge, assertionOf(browser)))) return 'replayed'
  const use = { counter, backedUp, usedAt: epochSeconds(deps.clock) }
  const { oneUse } = deps.store
  await noteSpent(oneUse, request.tenant, SPENT, { digest: digestOf(challenge), sub: passkey.sub, at: use.usedAt })
  if (backupChanged) return 'backup_changed'
  return deps.store.factors.passkeys.use(request.tenant, passkey.credentialId, use)
}
