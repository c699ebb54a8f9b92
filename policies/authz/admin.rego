# METADATA
# title: Admin
# description: >-
#   May this actor do this to clients, sessions, grants and signing keys of the platform, or end all that hangs on a
#   person? The credential of `sallyport init` acts as the role `setup`, and needs no token.
# schemas:
#   - input: schema.authz.admin.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/admin/decide-admin.ts
package authz.admin

import data.lib.network
import data.lib.rbac
import data.lib.scopes

default allow := false

allow if {
	token_active
	tenant_allowed
	scope_held
	permission_held
	network_allowed
	within_hours
	attributes_writable
	roles_grantable
	scopes_grantable
	keeps_self
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"visible": sort(visible),
		"writable": sort(writable),
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

reasons contains "outside_hours" if not within_hours

reasons contains "attribute_not_writable" if not attributes_writable

reasons contains "role_not_grantable" if not roles_grantable

reasons contains "scope_not_grantable" if not scopes_grantable

reasons contains "self_delete" if not keeps_self

editable := of_client | of_metadata

of_client := {
	"active",
	"audience",
	"first_party",
	"grant_types",
	"managed_by",
	"name",
	"redirect_uris",
	"resources",
	"roles",
	"scopes",
	"type",
}

# RFC 7591 section 2, and what later specifications add to it.
of_metadata := {
	"application_type",
	"assertion_audience",
	"backchannel_logout_session_required",
	"backchannel_logout_uri",
	"client_uri",
	"contacts",
	"default_acr_values",
	"default_max_age",
	"dpop_bound_access_tokens",
	"frontchannel_logout_session_required",
	"frontchannel_logout_uri",
	"id_token_signed_response_alg",
	"initiate_login_uri",
	"introspection_signed_response_alg",
	"jwks",
	"jwks_uri",
	"logo_uri",
	"pkce",
	"policy_uri",
	"post_logout_redirect_uris",
	"require_auth_time",
	"require_pushed_authorization_requests",
	"sector_identifier_uri",
	"software_id",
	"software_version",
	"subject_type",
	"tls_client_auth_san_dns",
	"tls_client_auth_san_email",
	"tls_client_auth_san_ip",
	"tls_client_auth_san_uri",
	"tls_client_auth_subject_dn",
	"tls_client_certificate_bound_access_tokens",
	"token_endpoint_auth_method",
	"token_endpoint_auth_signing_alg",
	"tos_uri",
	"userinfo_signed_response_alg",
}

# Secrets are not among them: one is answered once, when it is made. Their ids tell them apart, and nothing else.
visible := editable | {"client_id", "created_at", "dynamic", "secret_ids", "updated_at"} if {
	input.resource.type == "client"
}

visible := {
	"acr",
	"amr",
	"auth_time",
	"browser",
	"created_at",
	"device_bound",
	"expires_at",
	"idle_ends_at",
	"last_seen_at",
	"live",
	"networks",
	"sid",
	"sub",
	"system",
} if {
	input.resource.type == "session"
}

visible := {
	"acr",
	"amr",
	"audience",
	"auth_time",
	"client_id",
	"created_at",
	"expires_at",
	"grant_id",
	"live",
	"scopes",
	"sid",
	"sub",
} if {
	input.resource.type == "grant"
}

# What is kept of a person, `GET /admin/users/{sub}/export`.
visible := {
	"account",
	"activity",
	"consents",
	"devices",
	"factors",
	"grants",
	"identities",
	"pending",
	"places",
	"sessions",
} if {
	input.resource.type == "user"
}

# Of a signing key what the key set shows, and its life; its private half stands nowhere.
visible := {
	"alg",
	"asked",
	"created_at",
	"kek_id",
	"kid",
	"ready_at",
	"removed_at",
	"rotates_at",
	"since",
	"state",
} if {
	input.resource.type == "key"
}

default writable := set()

writable := editable | {"keep_secret_ids", "rotate_secret", "secret_sha256"} if input.action in {"create", "replace"}

token_active if input.actor.active

tenant_allowed if rbac.tenant_active(input.tenant)

scope_held if {
	"admin" in attainable_scopes
	"urn:sallyport:platform" in input.actor.audience
}

scope_held if for_setup

for_setup if input.actor.kind == "setup"

roles := ["setup"] if {
	for_setup
} else := input.actor.roles

# Roles and scopes that count at this sign-in, and at the best that the actor can come back with.
effective := rbac.active_roles(roles, input.request.time, rbac.acr_of(input.actor))

attainable := rbac.active_roles(roles, input.request.time, rbac.best_acr(input.actor))

effective_scopes := {"admin"} if {
	for_setup
} else := rbac.held_at(input.actor.scopes, rbac.acr_of(input.actor))

attainable_scopes := {"admin"} if {
	for_setup
} else := rbac.held_at(input.actor.scopes, rbac.best_acr(input.actor))

asked := {
	"permission": concat(":", ["admin", concat("", [input.resource.type, "s"]), input.action]),
	"scope": "admin",
	"roles": (scopes.set_of(input.changed_roles) | held.roles),
	"permissions": rbac.scope_permissions(scopes.set_of(input.changed_scopes) | held.scopes),
}

permission_held if rbac.permit(attainable, attainable_scopes, asked)

# RFC 9470 section 3: their roles and scopes do, at a better sign-in than this. Until it comes nothing is done.
default step_up := "required"

step_up := "none" if rbac.suffice(effective, effective_scopes, asked)

default acr_values := []

acr_values := rbac.sufficient_levels(roles, input.actor.scopes, input.request.time, asked) if {
	step_up == "required"
}

network_allowed if network.allowed(input.tenant, ["admin"], input.request.address)

within_hours if rbac.within_hours(roles, input.request.time)

attributes_writable if scopes.within(input.changed, writable)

# Whoever may not give a role or scope may not act on a client that has it either: a new secret, or an address where its
# codes go, would be as good. So with persons: nobody signs out who is above them.
roles_grantable if rbac.give_roles(attainable, asked)

# Nobody hands out a scope that does more than the roles they hold or may give.
scopes_grantable if {
	scopes.within(input.changed_scopes, scopes.known(input.changed_scopes))
	rbac.give_permissions(attainable, asked)
}

held := {
	"roles": scopes.set_of(input.resource.roles),
	"scopes": scopes.set_of(input.resource.scopes),
} if {
	input.action in {"replace", "delete", "end", "revoke", "export", "erase"}
}

held := {"roles": set(), "scopes": set()} if input.action in {"create", "read", "list", "rotate", "rewrap"}

keeps_self if input.action in {"create", "read", "replace", "list", "end", "rotate", "revoke", "rewrap"}

keeps_self if input.resource.id != input.actor.client_id
