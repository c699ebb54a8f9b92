# METADATA
# title: Register
# description: >-
#   May a client be registered, or manage its own registration, and on which terms? RFC 7591, RFC 7592, OIDC Dynamic
#   Client Registration. Without an initial access token only where data.rbac.tenants opens registration.
# schemas:
#   - input: schema.authz.register.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/oauth/register/decide-register.ts
package authz.register

import data.lib.network
import data.lib.rbac
import data.lib.scopes

# 0 never ends. A client renews its secret by a replace (RFC 7592 section 2.2).
secret_ttl_seconds := 0

# Who registers and never comes is forgotten after a week.
unused_ttl_seconds := 604800

default allow := false

allow if {
	tenant_allowed
	network_allowed
	token_active
	registration_open
	permission_held
	rate_kept
	client_active
	grants_allowed
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"scopes": sort(terms.scopes),
		"audience": sort(terms.audience),
		"grant_types": sort(grantable),
		"consent": consent,
		"pkce": terms.pkce,
		"assertion_audience": terms.assertion_audience,
		"requires": [],
		"secret_ttl_seconds": secret_ttl_seconds,
		"unused_ttl_seconds": unused_ttl_seconds,
	},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "network_not_allowed" if not network_allowed

reasons contains "token_inactive" if not token_active

reasons contains "registration_closed" if not registration_open

reasons contains "permission_missing" if not permission_held

reasons contains "rate_exceeded" if not rate_kept

reasons contains "client_inactive" if not client_active

reasons contains "grant_not_allowed" if not grants_allowed

terms := data.rbac.tenants[input.tenant].registration

with_token if {
	input.action == "create"
	input.credential == "initial_access_token"
}

by_anyone if {
	input.action == "create"
	input.credential == "none"
}

by_itself if {
	input.action in {"read", "replace", "delete"}
	input.credential == "registration_access_token"
}

tenant_allowed if rbac.tenant_active(input.tenant)

network_allowed if network.allowed(input.tenant, ["register"], input.request.address)

token_active if {
	with_token
	input.actor.active
}

token_active if by_anyone

token_active if by_itself

registration_open if {
	by_anyone
	terms.open
}

registration_open if {
	with_token
	terms
}

registration_open if {
	by_itself
	terms
}

effective := rbac.active_roles(input.actor.roles, input.request.time, rbac.acr_of(input.actor))

effective_scopes := rbac.held_at(input.actor.scopes, rbac.acr_of(input.actor))

permission_held if {
	with_token
	"urn:sallyport:platform" in input.actor.audience
	"clients:register" in rbac.permissions(effective, effective_scopes)
}

permission_held if by_anyone

permission_held if by_itself

rate_kept if {
	by_anyone
	input.registrations <= terms.per_hour
}

rate_kept if with_token

rate_kept if by_itself

# Of a client that is not there yet nothing is inactive.
client_active if input.action == "create"

client_active if {
	by_itself
	input.client.active
}

grants_allowed if scopes.within(input.requested.grant_types, grantable)

grants_allowed if input.action in {"read", "delete"}

for_people := {"authorization_code", "refresh_token"}

grantable := for_people if by_anyone

# A client that speaks for itself has no person who consents: whoever holds a token vouches for it.
grantable := for_people | {"client_credentials"} if with_token

# It keeps what it was registered with.
grantable := for_people | scopes.set_of(input.client.grant_types) if by_itself

# A public client can be imitated: its person is asked each time (RFC 8252 section 8.6).
default consent := "once"

consent := "always" if input.requested.type == "public"
