/** Who acts on the SCIM and admin APIs: the bearer of an access token of ours. */
import { Type } from '../../schema/type.ts'
import { closed, oneOf, strings } from './decision.ts'

export const Actor = Type.Object(
  {
    client_id: Type.String(),
    /** Absent where a client acts for itself. */
    sub: Type.Optional(Type.String()),
    active: Type.Boolean(),
    scopes: strings(),
    audience: strings(),
    /** As stored now: of the person, else of the client. */
    roles: strings(),
    kind: oneOf('client', 'user', 'setup'),
  },
  closed,
)
