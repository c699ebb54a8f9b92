/** `scim`: may this actor do this to this resource, and which attributes may it see and write? RFC 7644. */
import { Type } from '../../schema/type.ts'
import { Actor, StepUp } from './actor.ts'
import { closed, decision, oneOf, strings } from './decision.ts'
import { RequestFacts, Tenant } from './facts.ts'

export const scim = decision('scim', {
  askedBy: 'src/auth/scim/decide-scim.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      actor: Actor,
      action: oneOf('create', 'read', 'replace', 'delete', 'list'),
      resource: Type.Object(
        {
          type: oneOf('User'),
          /** Absent for create and list. */
          id: Type.Optional(Type.String()),
          /** Roles that the stored resource has; empty for create and list. */
          roles: strings(),
        },
        closed,
      ),
      /** SCIM names of the attributes that the request sets to another value. */
      changed: strings(),
      /** Roles that the request would give or take. */
      changed_roles: strings(),
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
    attribute_not_writable: 'forbidden',
    role_not_grantable: 'forbidden',
    self_delete: 'forbidden',
  },
  obligations: Type.Object(
    {
      /** SCIM names of the attributes that the answer may hold; `id`, `schemas` and `meta` always do. */
      visible: strings(),
      /** SCIM names of the attributes that may change. */
      writable: strings(),
      /** Whether all that the person was given before ends: sessions, grants, tokens. A deactivation ends it in any case. */
      revoke_access: Type.Boolean(),
      /** A password that is set needs so many characters, or what the password rules ask for if that is more. */
      least_password_characters: Type.Integer({ minimum: 8, maximum: 64 }),
      /** Whether e-mail addresses that this actor sets count as verified. */
      vouches_for_email: Type.Boolean(),
      ...StepUp,
    },
    closed,
  ),
})
