# METADATA
# title: Token
# description: >-
#   May these tokens be issued, and how long, for whom and with what? Every grant but token exchange. RFC 6749 sections 4
#   to 6, RFC 8707, RFC 9068.
# schemas:
#   - input: schema.authz.token.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/oauth/token.ts
package authz.token

import data.lib.clients
import data.lib.network
import data.lib.rbac
import data.lib.scopes
import data.lib.threat

# Lifetimes. Edit, save, and the next token follows.
default access_token_ttl_seconds := 300

# While somebody copies what the client proves itself with, what it gets is of use for a minute.
access_token_ttl_seconds := 60 if threat.copied(input.risk)

id_token_ttl_seconds := 300

# `opaque` tokens are read at introspection only.
access_token_format := "jwt"

# RFC 9700 section 4.14.2: with 0, the second use of a refresh token ends its family. A client that proves its own key each
# time, for tokens bound to one, may repeat a refresh whose answer was lost (FAPI 2.0 section 5.3.2.1): no thief can.
default refresh_grace_seconds := 0

refresh_grace_seconds := 60 if {
	sender_constraint in {"dpop", "mtls"}
	input.client.auth_method in {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"}
}

# Of the whole family, counted from the first refresh token.
refresh_token_ttl_seconds := 2592000

default allow := false

allow if {
	client_active
	grant_allowed
	client_authenticated
	tenant_allowed
	network_allowed
	client_trusted
	subject_active
	grant_fresh
	scope_allowed
	resource_allowed
	within_hours
	sender_bound
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"scopes": sort(given),
		"audience": sort(audience),
		"access_token_ttl_seconds": access_token_ttl_seconds,
		"id_token_ttl_seconds": id_token_ttl_seconds,
		"refresh_token": refresh_token,
		"refresh_token_ttl_seconds": refresh_token_ttl_seconds,
		"refresh_grace_seconds": refresh_grace_seconds,
		"access_token_format": access_token_format,
		"sender_constraint": sender_constraint,
		"permissions": sort(permissions),
		"claims": {"tenant": input.tenant},
		"id_token_claims": {},
	},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "client_inactive" if not client_active

reasons contains "grant_not_allowed" if not grant_allowed

reasons contains "client_not_confidential" if not client_authenticated

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "network_not_allowed" if not network_allowed

reasons contains "phishing_suspected" if not client_trusted

reasons contains "subject_inactive" if not subject_active

reasons contains "grant_too_old" if not grant_fresh

reasons contains "scope_not_allowed" if not scope_allowed

reasons contains "resource_not_allowed" if not resource_allowed

reasons contains "outside_hours" if not within_hours

reasons contains "dpop_required" if not dpop_shown

reasons contains "certificate_required" if not certificate_shown

client_active if input.client.active

grant_allowed if input.grant_type in input.client.grant_types

# RFC 6749 section 4.4: client_credentials is for confidential clients only, and these always authenticate.
client_authenticated if clients.authenticated(input.client)

client_authenticated if {
	input.client.type == "public"
	for_person
}

for_person if {
	input.grant_type in {
		"authorization_code",
		"refresh_token",
		"urn:ietf:params:oauth:grant-type:device_code",
	}
}

for_machine if input.grant_type == "client_credentials"

tenant_allowed if rbac.tenant_active(input.tenant)

network_allowed if network.allowed(input.tenant, granted & permitted, input.request.address)

client_trusted if not is_lure

is_lure if threat.lure(input.risk)

subject_active if {
	for_person
	input.subject.active
}

subject_active if for_machine

grant_fresh if {
	for_person
	input.request.time.epoch_seconds - input.grant.created_at < refresh_token_ttl_seconds
}

grant_fresh if for_machine

# What may be had at most: a scope that the client or the platform lost since disappears from old grants too, and so does one that
# demands a better sign-in than the grant's by now (RFC 9470). The grant keeps it. A machine never signs in.
permitted := registered - rbac.out_of_reach(registered, acr)

registered := scopes.known(input.client.scopes) & scopes.set_of(input.grant.scopes) if for_person

registered := scopes.known(input.client.scopes) - scopes.of_sign_in if for_machine

# RFC 6749 section 6: a request may narrow what it gets, never widen it; one that names nothing gets all.
granted := asked if {
	count(input.requested.scopes) > 0
} else := usual

asked := scopes.set_of(input.requested.scopes) if for_person

# RFC 6749 section 3.3: what can mean nothing here is ignored, and the answer says which scopes remain.
asked := scopes.set_of(input.requested.scopes) - scopes.of_sign_in if for_machine

usual := permitted if for_person

usual := scopes.for_machines(permitted) if for_machine

# RFC 6749 section 3.3: the answer says which scopes remain. None says that a refresh token came where none did.
given := granted - withheld

withheld contains "offline_access" if not refresh_token

scope_allowed if scopes.within(granted, permitted)

# RFC 8707 section 2.2: within what the grant holds and the client has not lost since, or what the client is registered for.
permitted_resources := {resource |
	some resource in input.grant.audience
	scopes.reachable(input.tenant, input.client, resource)
} if {
	for_person
}

permitted_resources := input.client.audience if for_machine

audience := scopes.set_of(input.requested.resources) if {
	count(input.requested.resources) > 0
} else := usual_audience

usual_audience := permitted_resources if for_person

usual_audience := scopes.audience(input.tenant, scopes.known(granted)) if for_machine

resource_allowed if {
	count(audience) > 0
	scopes.within(input.requested.resources, permitted_resources)
}

# Whoever the token speaks for.
roles := input.subject.roles if for_person

roles := input.client.roles if for_machine

within_hours if rbac.within_hours(roles, input.request.time)

permissions := rbac.permissions(rbac.active_roles(roles, input.request.time, acr), granted)

acr := object.get(input, ["authentication", "acr"], "")

# OIDC Core section 11; no machine has this scope. The grant counts, not this request: narrowing one access token does not end the family.
default refresh_token := false

refresh_token if {
	"offline_access" in permitted
	"refresh_token" in input.client.grant_types
	family_allowed
}

family_allowed if not leaking

leaking if threat.leaking(input.risk)

# One that goes on is not cut short: each use of it is watched.
family_allowed if input.grant_type == "refresh_token"

# What is of use with a key only is no use to whoever finds it.
family_allowed if sender_constraint != "none"

sender_bound if {
	dpop_shown
	certificate_shown
}

# RFC 9449 section 5.2 and RFC 8705 section 3.4: a client that registered for bound tokens has no others.
dpop_shown if not "dpop" in input.client.requires

dpop_shown if input.sender.dpop

certificate_shown if not "mtls" in input.client.requires

certificate_shown if input.sender.certificate

# A proof binds what it asks for, registered or not (RFC 9449 section 5).
default sender_constraint := "none"

sender_constraint := "dpop" if {
	input.sender.dpop
} else := "mtls" if "mtls" in input.client.requires
