/**
 * Binds a session to a key of the device that it began on, so that a copied cookie is of no use for long: Device Bound Session
 * Credentials (W3C editor's draft of February 2026). Every node makes and judges both halves of it without the store, under a
 * key that all derive from the same secret: the challenges that a device signs, and the short-lived cookie that says that it did.
 */
import { createHmac, createSecretKey } from 'node:crypto'
import { cookieName, setCookie } from '../../../http/cookies.ts'
import type { HttpRequest } from '../../../http/message.ts'
import { equalDigests } from '../../../kernel/constant-time.ts'
import { randomId } from '../../../kernel/ids.ts'
import type { SessionRecord } from '../../../storage/records.ts'
import type { DeriveKey } from '../../token/root-secret.ts'
import { sessionIdentifier } from '../../token/session-identifier.ts'

export const BOUND_COOKIE = 'sallyport_bound'

/** From a challenge to its answer: the draft wants it short (Server considerations). */
export const CHALLENGE_SECONDS = 2 * 60
/** Requests that a browser sent before it had the cookie of its new binding are still on their way. */
export const SETTLING_SECONDS = 60

export type ChallengeFor = 'register' | 'refresh'
export type Proof = 'proven' | 'missing' | 'failed'
type Bound = Pick<SessionRecord, 'sid' | 'deviceKey'>

export interface DeviceBinding {
  /** The name of the session between us and the browser: another than clients know, and never the cookie's. */
  identifier(session: Pick<SessionRecord, 'sid'>): string
  challenge(purpose: ChallengeFor, session: Pick<SessionRecord, 'sid'>, nowSeconds: number): string
  /** Ours, for this and for this session, and not too old; that it is used once is the caller's to see to. Answers when it ends. */
  judgeChallenge(
    purpose: ChallengeFor,
    session: Pick<SessionRecord, 'sid'>,
    text: string,
    nowSeconds: number,
  ): number | undefined
  /** The Set-Cookie value that says until when the proof counts. */
  prove(session: Bound, proofSeconds: number, nowSeconds: number): string
  /** Of a bound session, what this request says of its device; undefined where it is not bound. */
  judge(request: HttpRequest, session: Bound, nowSeconds: number): Proof | undefined
}

/** `<parts>.<mac>`, each of letters, digits, `-` and `_`. */
const SEALED = /^([A-Za-z0-9_.-]{1,200})\.([A-Za-z0-9_-]{43})$/

export function deviceBinding({
  issuer,
  derive,
}: {
  readonly issuer: string
  readonly derive: DeriveKey
}): DeviceBinding {
  const bytes = derive('device bound sessions')
  const key = createSecretKey(bytes)
  bytes.fill(0)
  const name = cookieName(issuer, BOUND_COOKIE)

  const macOf = (...about: readonly string[]): string =>
    createHmac('sha256', key).update(JSON.stringify(about)).digest('base64url')
  const identifier: DeviceBinding['identifier'] = ({ sid }) => sessionIdentifier(sid, BOUND_COOKIE)
  const aboutBound = ({ sid, deviceKey }: Bound) => ['bound', sid, deviceKey?.thumbprint ?? ''] as const
  const seal = (parts: string, ...about: readonly string[]): string => `${parts}.${macOf(...about, parts)}`
  const unseal = (text: string, ...about: readonly string[]): string | undefined => {
    const [, parts = '', mac = ''] = SEALED.exec(text) ?? []
    return parts !== '' && equalDigests(mac, macOf(...about, parts)) ? parts : undefined
  }
  /** The first of the parts is when it ends. */
  const endOf = (parts: string | undefined): number => Number.parseInt(parts?.split('.')[0] ?? '', 36)

  return {
    identifier,
    challenge: (purpose, { sid }, nowSeconds) =>
      seal(`${(nowSeconds + CHALLENGE_SECONDS).toString(36)}.${randomId()}`, purpose, sid),
    judgeChallenge: (purpose, { sid }, text, nowSeconds) => {
      const end = endOf(unseal(text, purpose, sid))
      return end > nowSeconds ? end : undefined
    },
    prove: (session, proofSeconds, nowSeconds) => {
      const parts = `${(nowSeconds + proofSeconds).toString(36)}.${identifier(session)}`
      return setCookie(issuer, BOUND_COOKIE, seal(parts, ...aboutBound(session)), proofSeconds)
    },
    judge: (request, session, nowSeconds) => {
      if (session.deviceKey === undefined) return undefined
      if (nowSeconds < session.deviceKey.boundAt + SETTLING_SECONDS) return 'proven'
      const text = request.cookies[name]
      // One of another session is left over from before: it says nothing of this one.
      if (text === undefined || text.split('.')[1] !== identifier(session)) return 'missing'
      const end = endOf(unseal(text, ...aboutBound(session)))
      if (Number.isNaN(end)) return 'failed'
      return end > nowSeconds ? 'proven' : 'missing'
    },
  }
}
