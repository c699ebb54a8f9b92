/** GET /mfa/enrol: a sign-in that policy lets go on only with a second factor: which one? Asks `mfa` of each. */
import { enrolChoicePage } from '../../../web/sign-in/enrol.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { formToken } from '../session/csrf.ts'
import { ended } from '../sign-in/waiting.ts'
import { askMfa, mfaError } from './ask-mfa.ts'
import { FACTORS_PAGE, findEnrolling, isReply } from './enrolling.ts'
import type { MfaDeps } from './mfa-deps.ts'

const ACTIONS = { passkey: 'enrol_passkey', totp: 'enrol_totp' } as const

export async function showEnrolChoice(deps: MfaDeps, request: HttpRequest): Promise<Reply> {
  // Outside a sign-in one chooses on one's own page.
  if (request.query.get('interaction') === undefined) throw ended()
  const enrolling = await findEnrolling(deps, request, FACTORS_PAGE)
  if (isReply(enrolling)) return enrolling
  const { user, held, during, query, leadsTo, uiLocales } = enrolling
  if (!('waiting' in during)) throw ended()

  const { progress } = during.waiting.interaction
  const signIn = { waiting: during.waiting, enrolmentDemanded: progress?.next === 'enrol', proven: during.proven }
  const wanted = (['passkey', 'totp'] as const).filter((kind) => progress?.offers?.includes(kind))
  const kinds = wanted.length === 0 ? (['passkey', 'totp'] as const) : wanted
  const verdicts = await Promise.all(
    kinds.map(async (kind) => ({
      kind,
      verdict: await askMfa(deps, request, { action: ACTIONS[kind], user, held, signIn, shows: true }),
    })),
  )
  const offers = verdicts.filter(({ verdict }) => verdict.allow).map(({ kind }) => kind)
  const denied = verdicts.map(({ verdict }) => verdict).find((verdict) => !verdict.allow)
  if (offers.length === 0 && denied !== undefined && !denied.allow) throw mfaError(denied)
  const leaving = formToken(during.waiting.secret, 'login', during.waiting.id)
  return { status: 200, ...enrolChoicePage({ query, leadsTo, uiLocales, offers, formToken: leaving }) }
}
