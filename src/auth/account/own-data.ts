/**
 * A person's own data: what is kept of them, as a file to keep, and the end of it all. GET /account/data, POST
 * /account/data/export, POST /account/data/erase. Asks `account`. GDPR articles 15, 17 and 20; docs/privacy.md.
 */
import { erasedPage, ownDataPage } from '../../../web/account/data.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { type ErasePersonDeps, erasePerson } from '../session/erase-person.ts'
import { forgetSession } from '../session/session.ts'
import { type AccountPageDeps, type AccountVisit, accountPage } from '../sign-in/account-page.ts'
import { type PersonDataDeps, personData } from '../user/person-data.ts'

export type OwnDataDeps = AccountPageDeps & PersonDataDeps & ErasePersonDeps

export const DATA_PAGE = '/account/data'
const EXPORT = { action: 'export', type: 'data', page: DATA_PAGE } as const
const ERASE = { action: 'erase', type: 'data', page: DATA_PAGE } as const

function show(visit: AccountVisit, status = 200, unconfirmed = false): Reply {
  const page = ownDataPage({
    frame: visit.frame,
    unconfirmed,
    exportToken: visit.formToken(EXPORT),
    eraseToken: visit.formToken(ERASE),
    accountName: visit.session.user.userName,
  })
  return { status, ...page }
}

export const showOwnData = (deps: OwnDataDeps, request: HttpRequest): Promise<Reply> =>
  accountPage(deps, request, { action: 'view', type: 'data', page: DATA_PAGE }, async (visit) => show(visit))

export const exportOwnData = (deps: OwnDataDeps, request: HttpRequest): Promise<Reply> =>
  accountPage(deps, request, EXPORT, async ({ session: { user }, decisionId }) => {
    const data = await personData(deps, request.tenant, user)
    await deps.audit({
      event: 'person_exported',
      tenant: request.tenant,
      request_id: request.id,
      sub: user.sub,
      decision_id: decisionId,
    })
    return {
      status: 200,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-disposition': 'attachment; filename="my-data.json"',
      },
      body: JSON.stringify(data, null, 2),
    }
  })

/** The person types their user name: nobody erases an account by one press too many. */
export const eraseOwnData = (deps: OwnDataDeps, request: HttpRequest): Promise<Reply> =>
  accountPage(deps, request, ERASE, async (visit) => {
    const { user } = visit.session
    if (request.form.get('confirm')?.trim() !== user.userName) return show(visit, 400, true)
    const by = { requestId: request.id, decisionId: visit.decisionId }
    await erasePerson(deps, { tenant: request.tenant, sub: user.sub, by })
    const cookie = forgetSession(deps, request)
    const page = erasedPage(visit.frame.uiLocales)
    return { status: 200, ...page, headers: { ...page.headers, ...(cookie !== undefined && { 'set-cookie': cookie }) } }
  })
