/** The endpoints of signing keys bound to what they use, for the route table. */
import type { HttpRequest } from '../../../http/message.ts'
import { listKeys } from './list-keys.ts'
import { revokeKey } from './revoke-key.ts'
import { type RewrapKeysDeps, rewrapKeys } from './rewrap-keys.ts'
import { rotateKeys } from './rotate-keys.ts'

export const keyHandlers = (deps: RewrapKeysDeps) => ({
  listKeys: (request: HttpRequest) => listKeys(deps, request),
  rotateKeys: (request: HttpRequest) => rotateKeys(deps, request),
  revokeKey: (request: HttpRequest) => revokeKey(deps, request),
  rewrapKeys: (request: HttpRequest) => rewrapKeys(deps, request),
})
