/** The profile, shown and changed: GET and POST /account/profile. Asks `account` which attributes a person sees and writes. */
import { type ProfileView, profilePage } from '../../../web/account/profile.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { OAuthError, Problem } from '../../kernel/errors.ts'
import type { UserStore } from '../../storage/port.ts'
import type { UserRecord } from '../../storage/records.ts'
import { emailOf } from '../../storage/verified-email.ts'
import { type AccountPageDeps, type AccountVisit, accountPage } from '../sign-in/account-page.ts'
import { changeOf, faultsOf, fieldsOf, MOST_CHARACTERS, sentValues, storedValues } from './profile-fields.ts'

export type ProfileDeps = AccountPageDeps & { readonly store: { readonly users: Pick<UserStore, 'find' | 'replace'> } }

const PAGE = '/account/profile'
const CHANGE = { action: 'change_profile', type: 'profile' } as const

type Differences = Pick<ProfileView, 'values' | 'faults' | 'done' | 'changedMeanwhile'>

function profileReply(
  status: number,
  { frame, obligations, formToken }: AccountVisit,
  user: UserRecord,
  differences: Partial<Differences> = {},
): Reply {
  const { visible, writable } = obligations
  const page = profilePage({
    frame,
    values: storedValues(user, fieldsOf(visible)),
    writable: fieldsOf(writable),
    userName: user.userName,
    email: visible.includes('emails') ? { address: emailOf(user), changeable: writable.includes('emails') } : undefined,
    version: user.version,
    formToken: formToken(CHANGE),
    mostCharacters: MOST_CHARACTERS,
    ...differences,
  })
  return { status, ...page }
}

/** GET /account/profile. */
export const showProfile = (deps: ProfileDeps, request: HttpRequest): Promise<Reply> =>
  accountPage(deps, request, { action: 'view', type: 'profile', page: PAGE }, async (visit) => {
    const done = (['saved', 'unchanged'] as const).find((word) => word === request.query.get('done'))
    return profileReply(200, visit, visit.session.user, { done })
  })

function versionOf(request: HttpRequest): number {
  const version = Number(request.form.get('version') ?? Number.NaN)
  if (!Number.isSafeInteger(version)) throw new OAuthError('invalid_request')
  return version
}

/** 303, so that a reload does not send it again. */
const backWith = (done: NonNullable<ProfileView['done']>): Reply => ({
  status: 303,
  headers: { location: `${PAGE}?done=${done}` },
})

/** POST /account/profile. A field that was not on the form stays as it is. */
export function changeProfile(deps: ProfileDeps, request: HttpRequest): Promise<Reply> {
  const values = sentValues(request.form)
  const action = async ({ user }: AccountVisit['session']) => ({
    ...CHANGE,
    page: PAGE,
    changed: changeOf(user, values).changed,
  })
  return accountPage(
    deps,
    request,
    action,
    async (visit) => {
      const { user } = visit.session
      const version = versionOf(request)
      if (version !== user.version) return profileReply(409, visit, user, { changedMeanwhile: true })
      const faults = faultsOf(user, values)
      if (Object.keys(faults).length > 0) {
        const shown = { ...storedValues(user, fieldsOf(visit.obligations.visible)), ...values }
        return profileReply(400, visit, user, { faults, values: shown })
      }
      const { profile, changed } = changeOf(user, values)
      if (changed.length === 0) return backWith('unchanged')
      return saveProfile(deps, request, visit, { profile, changed })
    },
    { page: PAGE },
  )
}

async function saveProfile(
  deps: ProfileDeps,
  request: HttpRequest,
  visit: AccountVisit,
  { profile, changed }: ReturnType<typeof changeOf>,
): Promise<Reply> {
  const { user } = visit.session
  const next = { ...user, profile, updatedAt: epochSeconds(deps.clock), version: user.version + 1 }
  const written = await deps.store.users.replace(request.tenant, next, user.version)
  if (written !== 'written') {
    const now = await deps.store.users.find(request.tenant, user.sub)
    if (now === undefined) throw new Problem('not_found')
    return profileReply(409, visit, now, { changedMeanwhile: true })
  }
  await deps.audit({
    event: 'profile_changed',
    tenant: request.tenant,
    request_id: request.id,
    sub: user.sub,
    decision_id: visit.decisionId,
    changed,
  })
  return backWith('saved')
}
