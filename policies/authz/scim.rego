# METADATA
# title: SCIM
# description: May this actor do this to this user, and which attributes may it see and write? RFC 7644, RFC 7643.
# schemas:
#   - input: schema.authz.scim.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/scim/decide-scim.ts
package authz.scim

import data.lib.network
import data.lib.passwords
import data.lib.rbac
import data.lib.scopes

default allow := false

allow if {
	token_active
	tenant_allowed
	scope_held
	permission_held
	network_allowed
	attributes_writable
	roles_grantable
	keeps_self
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"visible": sort(visible),
		"writable": sort(writable),
		"revoke_access": revoke_access,
		"least_password_characters": passwords.least_characters(roles_touched),
		"vouches_for_email": vouches_for_email,
		"step_up": step_up,
		"acr_values": acr_values,
	},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "token_inactive" if not token_active

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "scope_missing" if not scope_held

reasons contains "permission_missing" if not permission_held

reasons contains "network_not_allowed" if not network_allowed

reasons contains "attribute_not_writable" if not attributes_writable

reasons contains "role_not_grantable" if not roles_grantable

reasons contains "self_delete" if not keeps_self

# A password goes in and never comes out (RFC 7643 section 7, `returned: never`).
visible := {
	"active",
	"addresses",
	"displayName",
	"emails",
	"externalId",
	"locale",
	"name",
	"nickName",
	"phoneNumbers",
	"photos",
	"profileUrl",
	"roles",
	"timezone",
	"urn:sallyport:params:scim:schemas:claims:1.0:User",
	"userName",
}

default writable := set()

writable := visible | {"password"} if input.action in {"create", "replace"}

# Whoever has the old password, and is signed in by it, is out (OWASP ASVS 7.4.3).
default revoke_access := false

revoke_access if "password" in input.changed

# A directory knows whose address it is. A person who types one does not, nor does one who types their own.
default vouches_for_email := false

vouches_for_email if {
	input.actor.kind == "client"
	input.action in {"create", "replace"}
}

token_active if input.actor.active

tenant_allowed if rbac.tenant_active(input.tenant)

scope_held if {
	"scim" in attainable_scopes
	"urn:sallyport:platform" in input.actor.audience
}

# Roles and scopes that count at this sign-in, and at the best that the actor can come back with.
effective := rbac.active_roles(input.actor.roles, input.request.time, rbac.acr_of(input.actor))

attainable := rbac.active_roles(input.actor.roles, input.request.time, rbac.best_acr(input.actor))

effective_scopes := rbac.held_at(input.actor.scopes, rbac.acr_of(input.actor))

attainable_scopes := rbac.held_at(input.actor.scopes, rbac.best_acr(input.actor))

asked := {
	"permission": concat(":", ["scim", "users", input.action]),
	"scope": "scim",
	"roles": roles_touched,
	"permissions": set(),
}

permission_held if rbac.permit(attainable, attainable_scopes, asked)

# RFC 9470 section 3: their roles and scopes do, at a better sign-in than this. Until it comes nothing is done.
default step_up := "required"

step_up := "none" if rbac.suffice(effective, effective_scopes, asked)

default acr_values := []

acr_values := rbac.sufficient_levels(input.actor.roles, input.actor.scopes, input.request.time, asked) if {
	step_up == "required"
}

network_allowed if network.allowed(input.tenant, ["scim"], input.request.address)

attributes_writable if scopes.within(input.changed, writable)

# Whoever may not give a role may not act on those who hold it either: a new password would be as good as the role.
roles_grantable if rbac.give_roles(attainable, asked)

roles_touched := scopes.set_of(input.changed_roles) | roles_overwritten

roles_overwritten := scopes.set_of(input.resource.roles) if input.action in {"replace", "delete"}

roles_overwritten := set() if input.action in {"create", "read", "list"}

keeps_self if input.action in {"create", "read", "replace", "list"}

keeps_self if input.actor.kind == "client"

keeps_self if input.resource.id != input.actor.sub
