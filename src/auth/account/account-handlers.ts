/** The pages of self-service bound to what they use, for the route table. */
import type { HttpRequest } from '../../http/message.ts'
import type { AccountPageDeps } from '../sign-in/account-page.ts'
import { showOverview } from './overview.ts'

export type AccountDeps = AccountPageDeps

export const accountHandlers = (deps: AccountDeps) => ({
  showOverview: (request: HttpRequest) => showOverview(deps, request),
})

export type AccountHandlers = ReturnType<typeof accountHandlers>
