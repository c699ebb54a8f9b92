/** Who acts on the SCIM and admin APIs: the bearer of an access token of ours. */
import { Type } from '../../schema/type.ts'
import { closed, oneOf, strings } from './decision.ts'

export const Actor = Type.Object(
  {
    client_id: Type.String(),
    /** Absent where a client acts for itself. */
    sub: Type.Optional(Type.String()),
    active: Type.Boolean(),
    /** Of the token, as far as its client is still registered for them. */
    scopes: strings(),
    audience: strings(),
    /** As stored now: of the person, else of the client. */
    roles: strings(),
    /** Level of the sign-in that the token was given for, of `data.rbac.acr`; absent where no person signed in. */
    acr: Type.Optional(Type.String()),
    kind: oneOf('client', 'user', 'setup'),
  },
  closed,
)

/** Obligations of an actor who is a person: RFC 9470 3. */
export const StepUp = {
  /** `required`: another sign-in would do, and this one does not. Nothing is done until it comes. */
  step_up: oneOf('none', 'required'),
  /** Levels of which the new sign-in needs one. */
  acr_values: strings(),
}
