/** `admin`: may this actor do this to clients of the platform, or to its signing keys? */
import Type from 'typebox'
import { Actor } from './actor.ts'
import { closed, decision, oneOf, strings } from './decision.ts'
import { RequestFacts, Tenant } from './facts.ts'

export const admin = decision('admin', {
  askedBy: 'src/auth/admin/decide-admin.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      /** `kind: setup` bears the one-use credential of `sallyport init`. */
      actor: Actor,
      action: oneOf('create', 'read', 'replace', 'delete', 'list', 'rotate', 'revoke', 'rewrap'),
      resource: Type.Object(
        {
          type: oneOf('client', 'key'),
          /** Absent for create and list, and where the act is on all. */
          id: Type.Optional(Type.String()),
          /** Roles and scopes that the stored client has; empty for create, list and keys. */
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
  obligations: Type.Object({ visible: strings(), writable: strings() }, closed),
})
