# METADATA
# title: Authorize
# description: >-
#   May this client, then this person through it, have a code? RFC 6749 section 4.1.1, RFC 7636, RFC 8707, OIDC Core
#   section 3.1.2.
# schemas:
#   - input: schema.authz.authorize.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/oauth/authorize.ts
package authz.authorize

import data.lib.network
import data.lib.rbac
import data.lib.scopes

# At most 60 (RFC 6749 section 4.1.2 advises 600; FAPI 2.0 demands 60).
code_ttl_seconds := 60

default allow := false

allow if {
	input.stage == "client"
	client_allowed
}

allow if {
	input.stage == "subject"
	client_allowed
	subject_active
	role_held
	within_hours
	acr_sufficient
}

client_allowed if {
	client_active
	grant_allowed
	response_type_supported
	pkce_used
	scope_allowed
	resource_allowed
	network_allowed
	tenant_allowed
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"scopes": sort(granted),
		"audience": sort(audience),
		"consent": consent,
		"code_ttl_seconds": code_ttl_seconds,
	},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "client_inactive" if not client_active

reasons contains "grant_not_allowed" if not grant_allowed

reasons contains "response_type_unsupported" if not response_type_supported

reasons contains "pkce_required" if not pkce_used

reasons contains "scope_not_allowed" if not scope_allowed

reasons contains "resource_not_allowed" if not resource_allowed

reasons contains "network_not_allowed" if not network_allowed

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "subject_inactive" if {
	input.stage == "subject"
	not subject_active
}

reasons contains "role_missing" if {
	input.stage == "subject"
	not role_held
}

reasons contains "outside_hours" if {
	input.stage == "subject"
	not within_hours
}

reasons contains "acr_insufficient" if {
	input.stage == "subject"
	not acr_sufficient
}

client_active if input.client.active

grant_allowed if "authorization_code" in input.client.grant_types

response_type_supported if input.requested.response_type == "code"

# RFC 9700 section 2.1.1; `plain` protects nothing.
pkce_used if input.requested.code_challenge_method == "S256"

# A confidential client may be registered without: some certification plans send none.
pkce_used if {
	input.requested.code_challenge_method == "none"
	input.client.type == "confidential"
	not "pkce" in input.client.requires
}

scope_allowed if scopes.within(input.requested.scopes, scopes.known(input.client.scopes))

resource_allowed if {
	count(audience) > 0
	scopes.within(input.requested.resources, input.client.audience)
}

network_allowed if network.allowed(input.tenant, scopes.known(input.requested.scopes), input.request.address)

tenant_allowed if rbac.tenant_active(input.tenant)

subject_active if input.subject.active

# An API's scope that carries permissions is for people who hold at least one of them.
role_held if {
	every scope in scopes.for_machines(input.requested.scopes) {
		of_use(scope)
	}
}

of_use(scope) if count(rbac.scope_permissions([scope])) == 0

of_use(scope) if count(rbac.permissions(input.subject.roles, [scope])) > 0

within_hours if rbac.within_hours(input.subject.roles, input.request.time)

acr_sufficient if rbac.acr_sufficient(input.subject.roles, input.authentication.acr)

# OIDC Core section 11: offline_access is ignored for a client that cannot refresh.
granted := {scope |
	some scope in input.requested.scopes
	refreshable(scope)
}

refreshable(scope) if scope != "offline_access"

refreshable("offline_access") if "refresh_token" in input.client.grant_types

audience := scopes.set_of(input.requested.resources) if {
	count(input.requested.resources) > 0
} else := scopes.audience(input.tenant, scopes.known(granted))

# OIDC Core section 3.1.2.4. The client stage precedes any person, so it cannot know of a consent.
default consent := "required"

consent := "none" if input.client.first_party

consent := "none" if scopes.within(granted, input.consented_scopes)
