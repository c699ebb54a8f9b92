/** `admin`: may this actor do this to clients, sessions, grants and signing keys of the platform, or end all that hangs on a person? */
import { Type } from '../../schema/type.ts'
import { Actor, StepUp } from './actor.ts'
import { closed, decision, oneOf, strings } from './decision.ts'
import { RequestFacts, Tenant } from './facts.ts'

export const admin = decision('admin', {
  askedBy: 'src/auth/admin/decide-admin.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      /** `kind: setup` bears the one-use credential of `sallyport init`. */
      actor: Actor,
      action: oneOf(
        'create',
        'read',
        'replace',
        'delete',
        'list',
        'end',
        'revoke',
        'rotate',
        'rewrap',
        'export',
        'erase',
      ),
      resource: Type.Object(
        {
          type: oneOf('client', 'session', 'grant', 'user', 'key'),
          /** Absent for list, for a create under an id made here, and where the act is on all. */
          id: Type.Optional(Type.String()),
          /** Whose session or grant it is, or whose are listed; absent where all are, or it is not there. */
          sub: Type.Optional(Type.String()),
          /** The client that a grant was given to, or whose are listed. */
          client_id: Type.Optional(Type.String()),
          /** Roles of the stored client, or of the person; scopes of the client. Empty for create and list. */
          roles: strings(),
          scopes: strings(),
        },
        closed,
      ),
      /** Names of the attributes that the request sets to another value. */
      changed: strings(),
      /** Roles that the request would give or take. */
      changed_roles: strings(),
      /** Scopes that the request would give or take. */
      changed_scopes: strings(),
      request: RequestFacts,
    },
    closed,
  ),
  reasons: {
    token_inactive: 'unauthorized',
    tenant_not_allowed: 'forbidden',
    scope_missing: 'forbidden',
    permission_missing: 'forbidden',
    network_not_allowed: 'forbidden',
    outside_hours: 'forbidden',
    attribute_not_writable: 'forbidden',
    role_not_grantable: 'forbidden',
    scope_not_grantable: 'forbidden',
    self_delete: 'forbidden',
  },
  obligations: Type.Object(
    {
      visible: strings(),
      writable: strings(),
      ...StepUp,
    },
    closed,
  ),
})
