/** A client reads its registration: GET /oauth/register/{id}. RFC 7592 2.1. Asks `register`. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { decideRegister, type RegisterDeps } from './decide-register.ts'
import { findRegistered } from './registration-access.ts'
import { registrationAnswer } from './registration-answer.ts'

export async function readRegistration(deps: RegisterDeps, request: HttpRequest): Promise<Reply> {
  const { client, token } = await findRegistered(deps, request)

  await decideRegister(deps, request, { action: 'read', client })

  // Only its digest is kept, so what was shown is what can be told.
  return registrationAnswer(200, { issuer: deps.issuer, offered: deps.offered(), client, registrationToken: token })
}
