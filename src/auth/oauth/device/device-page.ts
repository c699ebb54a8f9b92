/**
 * Where a person types the code that a device shows, and says whether it is theirs. RFC 8628 3.3 and 5.4: the page names the
 * client and the place that it asks from, whoever led the person here. Asks `authorize`, stage `subject`, and `consent` on the
 * answer.
 */
import { deviceAnsweredPage, deviceCodePage, deviceConfirmPage } from '../../../../web/device.ts'
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { networkOf } from '../../../http/network-of.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import { TOLD } from '../../../kernel/told.ts'
import { publicCode } from '../../../policy-engine/decide.ts'
import { clientFacts } from '../../client/client-facts.ts'
import { formToken, isOwnForm } from '../../session/csrf.ts'
import { faced } from '../../session/faced.ts'
import { sessionSecret } from '../../session/session.ts'
import { authenticationFacts } from '../../session/subject-stage.ts'
import { subjectFacts } from '../../user/subject-facts.ts'
import { newGrant } from '../new-grant.ts'
import { type Asked, confirmAt, type DevicePageDeps, findAsked, unknownCode } from './find-asked.ts'
import { readUserCode, userCodeDigest } from './user-code.ts'

/** GET /device: the field alone, or on to the page that asks. Nothing is looked up here. */
export async function showDevice(request: HttpRequest): Promise<Reply> {
  const typed = request.query.get('user_code')
  if (typed === undefined) return { status: 200, ...deviceCodePage({}) }
  const userCode = readUserCode(typed)
  return userCode === undefined ? unknownCode() : { status: 303, headers: { location: confirmAt(userCode) } }
}

/** What is asked for is part of the form's token: what is agreed to is what was shown, to whom, for which code. */
const about = ({ userCode, session }: Asked, scopes: readonly string[]): readonly string[] => [
  'device',
  userCode,
  session.digest,
  scopes.join(' '),
]

/** GET /device/confirm. */
export async function showConfirmDevice(deps: DevicePageDeps, request: HttpRequest): Promise<Reply> {
  const userCode = readUserCode(request.query.get('user_code') ?? '')
  if (userCode === undefined) return unknownCode()
  const asked = await findAsked(deps, request, userCode)
  if ('reply' in asked) return asked.reply
  const { scopes } = asked.obligations
  const page = deviceConfirmPage({
    clientName: asked.client.name,
    selfRegistered: asked.client.registration !== undefined,
    accountName: asked.session.user.userName,
    userCode,
    address: asked.request.address,
    country: deps.countryOf(asked.request.address),
    sameNetwork: networkOf(asked.request.address) === networkOf(request.origin.address),
    askedAt: asked.request.createdAt,
    scopes,
    formToken: formToken(sessionSecret(deps.issuer, request) ?? '', ...about(asked, scopes)),
  })
  return { status: 200, ...page }
}

/** What of the person's answer may be kept: `consent` says. */
const askConsent = async (
  deps: DevicePageDeps,
  request: HttpRequest,
  asked: Asked,
  scopes: string[],
  allowed: boolean,
) => {
  const { device, risk } = await faced(deps, request, asked.session.user)
  return deps.decide(
    'consent',
    {
      tenant: request.tenant,
      client: clientFacts(asked.client, 'none'),
      subject: subjectFacts(asked.session.user),
      authentication: authenticationFacts(asked.session.record),
      requested: { scopes },
      granted: { scopes: allowed ? scopes : [] },
      risk: await deps.assessClient(request.tenant, asked.client),
      person_risk: risk,
      device,
      request: request.origin,
    },
    { requestId: request.id },
  )
}

/** Writes the grant under the device's code, then the answer: of two at once one stands, and the other's grant ends. */
async function approve(
  deps: DevicePageDeps,
  request: HttpRequest,
  asked: Asked,
  scopes: readonly string[],
): Promise<boolean> {
  const { tenant } = request
  const { client, session, obligations, digest, userCode } = asked
  const { endsAt } = asked.request
  const now = request.origin.time.epoch_seconds
  const grant = newGrant({ client, session, scopes, audience: obligations.audience, now, codeExpiresAt: endsAt })
  const code = { v: 1, redirectUri: '', codeChallenge: '', device: true, expiresAt: endsAt } as const
  if ((await deps.store.codes.issue(tenant, grant, digest, code)) === 'ended') throw new OAuthError('login_required')
  const answer = { kind: 'approved', grantId: grant.grantId } as const
  if ((await deps.store.deviceGrants.answer(tenant, userCodeDigest(userCode), session.user.sub, answer)) === 'answered')
    return true
  await deps.store.grants.revoke(tenant, grant.grantId)
  return false
}

async function refuse(deps: DevicePageDeps, request: HttpRequest, { userCode, session }: Asked): Promise<boolean> {
  const answer = { kind: 'refused' } as const
  const { sub } = session.user
  return (await deps.store.deviceGrants.answer(request.tenant, userCodeDigest(userCode), sub, answer)) === 'answered'
}

/** POST /device/confirm. */
export async function confirmDevice(deps: DevicePageDeps, request: HttpRequest): Promise<Reply> {
  if (request.form.repeated.size > 0) throw new OAuthError('invalid_request')
  const userCode = readUserCode(request.form.get('user_code') ?? '')
  const answer = request.form.get('answer')
  if (userCode === undefined || (answer !== 'allow' && answer !== 'deny')) throw new OAuthError('invalid_request')
  const asked = await findAsked(deps, request, userCode)
  if ('reply' in asked) return asked.reply
  const shown = [...asked.obligations.scopes]
  if (!isOwnForm(request, deps.issuer, sessionSecret(deps.issuer, request) ?? '', ...about(asked, shown)))
    throw new OAuthError('access_denied', {
      detail: TOLD.foreignDeviceForm,
    })

  const verdict = await askConsent(deps, request, asked, shown, answer === 'allow')
  const allowed = answer === 'allow' && verdict.allow
  const kept = verdict.allow ? shown.filter((scope) => verdict.obligations.scopes.includes(scope)) : []
  const answered = allowed ? await approve(deps, request, asked, kept) : await refuse(deps, request, asked)
  if (!answered) return unknownCode()
  await deps.audit({
    event: allowed ? 'device_grant_approved' : 'device_grant_refused',
    tenant: request.tenant,
    request_id: request.id,
    client_id: asked.client.clientId,
    sub: asked.session.user.sub,
    decision_id: verdict.decisionId,
  })
  if (answer === 'allow' && !verdict.allow) throw new OAuthError(publicCode('consent', verdict, 'access_denied'))
  return { status: 200, ...deviceAnsweredPage({ allowed }) }
}
