/**
 * Sign-in for our own pages: account, device codes. They ask as a client that no store holds and that is given no code. A
 * page that finds nobody signed in, or whose decision wants a fresh sign-in, leads here and is come back to.
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { seeOther } from '../session/answer-client.ts'
import { type InteractionDeps, startInteraction } from '../session/interaction.ts'

export const OWN_PAGES_ID = 'urn:sallyport:pages'

/** As decisions and pages take it. */
export const OWN_PAGES: ClientRecord = {
  v: 1,
  clientId: OWN_PAGES_ID,
  name: 'Sallyport',
  type: 'public',
  secretDigests: [],
  active: true,
  firstParty: true,
  redirectUris: [],
  grantTypes: [],
  scopes: [],
  audience: [],
  resources: [],
  roles: [],
  createdAt: 0,
  updatedAt: 0,
  version: 1,
  revocationEpoch: 0,
}

export interface SignInFor {
  /** Path and query of ours: where the person goes on; never made of what was sent but by the page itself. */
  readonly page: string
  /** Levels of which one is wanted where the account can have it. */
  readonly acrValues?: readonly string[]
  /** What the sign-in is for, where it is for an application. */
  readonly scopes?: readonly string[]
  /** Levels of which one is needed. */
  readonly essentialAcr?: readonly string[]
  /** Whatever was proven before does not count: a step-up that must be fresh. */
  readonly fresh?: boolean
  /** Only this person will do; as `sub` of the platform. */
  readonly onlySub?: string
  /** Stands in the form already. */
  readonly loginHint?: string
}

/** 303 to the sign-in; `page` must be a path of ours. */
export async function signInFor(deps: InteractionDeps, request: HttpRequest, wanted: SignInFor): Promise<Reply> {
  if (!wanted.page.startsWith('/') || wanted.page.startsWith('//')) throw new TypeError('not a page of ours')
  const { page, scopes = [], acrValues, essentialAcr, onlySub, loginHint } = wanted
  const { id, cookie } = await startInteraction(deps, request, {
    v: 1,
    clientId: OWN_PAGES_ID,
    // Of its query the store learns nothing.
    redirectUri: `${deps.issuer}${page.split('?')[0]}`,
    page,
    scopes,
    resources: [],
    ...(acrValues && { acrValues }),
    ...(essentialAcr && { essentialAcr }),
    ...(onlySub !== undefined && { onlySub }),
    ...(loginHint !== undefined && { loginHint }),
    ...(wanted.fresh === true && { askSignIn: true }),
    createdAt: request.origin.time.epoch_seconds,
  })
  return seeOther(`/login?interaction=${encodeURIComponent(id)}`, cookie)
}
