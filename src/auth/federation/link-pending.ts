/**
 * The person has signed in to the account that bears the address: do they want the account at the provider linked to it? Then
 * what they came for goes on. Asks `federation`, stage `proved`. Checklist 43.
 */
import { linkPage } from '../../../web/sign-in/federation.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { digestOf } from '../../kernel/ids.ts'
import { openUnder } from '../../kernel/sealed.ts'
import type { OneUseRecord } from '../../storage/records.ts'
import { seeOther } from '../session/answer-client.ts'
import { formToken } from '../session/csrf.ts'
import { findSession, type LiveSession, sessionSecret } from '../session/session.ts'
import { ended, findWaiting, requireOwnForm, resumeAt, type Waiting } from '../sign-in/waiting.ts'
import { accountOf } from './account-of.ts'
import { addIdentity, linkedTo } from './add-identity.ts'
import { askFederation } from './ask-federation.ts'
import type { FederationDeps } from './deps.ts'
import { denied } from './failed.ts'
import { PENDING } from './prove-first.ts'
import type { Provider } from './provider/provider.ts'
import type { Upstream } from './provider/upstream.ts'
import { requireProvider } from './start.ts'

interface Pending {
  readonly id: string
  readonly provider: Provider
  readonly session: LiveSession
  readonly upstream: Upstream
  readonly waiting: Waiting
  readonly secret: string
}

function upstreamIn({ facts }: OneUseRecord): Upstream {
  const text = (name: string): string => String(facts[name] ?? '')
  const [email, label] = [text('email'), text('label')]
  return {
    issuer: text('issuer'),
    subject: text('subject'),
    ...(email !== '' && { email }),
    ...(label !== '' && { label }),
    groups: [],
    amr: [],
    attributes: {},
  }
}

/** Throws where nothing waits to be linked for who is signed in, in this browser. */
async function findPending(deps: FederationDeps, request: HttpRequest): Promise<Pending> {
  const id = request.query.get('pending') ?? ''
  const record = await deps.store.oneUse.find(request.tenant, PENDING, digestOf(id))
  const session = record && (await findSession(deps, request))
  const secret = sessionSecret(deps.issuer, request)
  if (record === undefined || secret === undefined || session?.user.sub !== record.sub || !session) throw ended()
  return {
    id,
    secret,
    session,
    provider: requireProvider(deps, String(record.facts.provider)),
    upstream: upstreamIn(record),
    waiting: await findWaiting(deps, request, openUnder(id, PENDING, String(record.facts.interaction)) ?? ''),
  }
}

async function askProved(deps: FederationDeps, request: HttpRequest, pending: Pending) {
  const { provider, session, upstream, waiting } = pending
  const found = await accountOf(deps.store.users, request.tenant, upstream)
  const isTheirs = found.user?.sub === session.user.sub
  const verdict = await askFederation(deps, request, {
    stage: 'proved',
    purpose: 'sign_in',
    waiting,
    provider: provider.options,
    upstream,
    linked: await linkedTo(deps, request.tenant, upstream, session.user.sub),
    account: found.account === 'verified' && !isTheirs ? 'none' : found.account,
    session,
  })
  // Whatever policy says, an address that the person has not proven here links nothing.
  return { verdict, links: verdict.allow && verdict.obligations.next === 'link' && isTheirs }
}

/** Back to what the person came for: the session that they have now is what it waits for. */
const goOn = ({ waiting: { id, interaction } }: Pending): Reply => seeOther(interaction.page ?? resumeAt(id))

/** GET /federation/link. */
export async function showLink(deps: FederationDeps, request: HttpRequest): Promise<Reply> {
  const pending = await findPending(deps, request)
  const { provider, upstream, session, id, secret, waiting } = pending

  const { verdict, links } = await askProved(deps, request, pending)
  if (!verdict.allow) return denied(deps, request, provider.options, verdict)
  if (!links) return goOn(pending)

  const page = linkPage({
    provider: provider.options.displayName,
    label: upstream.label,
    accountName: session.user.userName,
    pending: id,
    formToken: formToken(secret, 'federation/link', id),
    leadsTo: waiting.interaction.redirectUri,
    uiLocales: waiting.interaction.uiLocales,
  })
  return { status: 200, ...page }
}

/** POST /federation/link. */
export async function link(deps: FederationDeps, request: HttpRequest): Promise<Reply> {
  const pending = await findPending(deps, request)
  const { provider, upstream, session, id, secret } = pending
  requireOwnForm(deps, request, secret, 'federation/link', id)

  const { verdict, links } = await askProved(deps, request, pending)
  if (!verdict.allow) return denied(deps, request, provider.options, verdict)

  // Once, whatever the answer: of two at once one goes on.
  if ((await deps.store.oneUse.take(request.tenant, PENDING, digestOf(id))) === undefined) throw ended()
  if (request.form.get('answer') === 'link' && links)
    await addIdentity(deps, request, provider.options, upstream, session.user)
  return goOn(pending)
}
