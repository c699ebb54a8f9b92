# METADATA
# title: Introspect
# description: >-
#   May this caller learn about this token, and what may the token do now? RFC 7662. Permissions come from the roles, and
#   scopes and audience from the client, as they are stored at this moment, so that taking one away acts before the token
#   expires. A token that nobody knows is asked about only where there is risk: without `token`.
# schemas:
#   - input: schema.authz.introspect.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/oauth/introspect.ts
package authz.introspect

import data.lib.clients
import data.lib.rbac
import data.lib.scopes
import data.lib.threat

default allow := false

allow if {
	client_active
	client_confidential
	tenant_allowed
	token_active
	is_audience
	subject_active
	holder_active
	calm
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"permissions": sort(permissions),
		"scopes": sort(held_scopes),
		"audience": sort(held_audience),
		"claims": {"tenant": input.tenant},
	},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "client_inactive" if not client_active

reasons contains "client_not_confidential" if not client_confidential

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "token_inactive" if not token_active

reasons contains "not_an_audience" if not is_audience

reasons contains "subject_inactive" if not subject_active

reasons contains "holder_inactive" if not holder_active

reasons contains "too_risky" if not calm

client_active if input.client.active

# RFC 7662 section 2.1: the caller must authenticate, or tokens could be guessed here.
client_confidential if clients.authenticated(input.client)

tenant_allowed if rbac.tenant_active(input.tenant)

token_active if input.token.active

# A resource server learns about access tokens meant for it, a client about its own tokens, nobody about others'.
is_audience if for_resource

is_audience if input.token.client_id == input.client.client_id

for_resource if {
	input.token.kind == "access_token"
	some resource in input.client.resources
	resource in held_audience
}

speaks_for_person if input.token.sub

subject_active if {
	input.subject.sub == input.token.sub
	input.subject.active
}

subject_active if not speaks_for_person

holder_active if input.holder.active

# Refused is the request, whatever it asks about: a live token that reads as inactive would be a wrong statement about it
# (RFC 7662 section 2.2), and a refusal for live ones alone would tell which are. A resource server that is under load goes on.
calm if not spiking

spiking if threat.spiking(input.risk)

calm if count(input.client.resources) > 0

roles := input.subject.roles if speaks_for_person

roles := input.holder.roles if not speaks_for_person

permissions := rbac.permissions(rbac.active_roles(roles, input.request.time, acr), held_scopes)

acr := rbac.acr_of(input.token)

# A scope or resource that the client or the platform lost since disappears from old tokens too, and so does a scope that
# demands a better sign-in than theirs by now.
held_scopes := (scopes.known(input.token.scopes) & scopes.set_of(input.holder.scopes)) - rbac.out_of_reach(input.token.scopes, acr)

held_audience := {resource |
	some resource in input.token.audience
	scopes.reachable(input.tenant, input.holder, resource)
}
