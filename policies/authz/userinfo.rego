# METADATA
# title: Userinfo
# description: >-
#   Which claims about the person does this access token release, and the ID token that goes with it? OIDC Core sections
#   5.3 to 5.5, RFC 8707, RFC 9470.
# schemas:
#   - input: schema.authz.userinfo.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/token/released-claims.ts
package authz.userinfo

import data.lib.rbac
import data.lib.scopes

default allow := false

allow if {
	tenant_allowed
	token_active
	subject_present
	subject_active
	scope_held
	meant_for_userinfo
}

# No answer is kept: the age of the sign-in counts to the second, and time is rounded down for those that are.
decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"claims": sort(claims),
		"step_up": step_up,
		"acr_values": acr_values,
		"max_age_seconds": max_age_seconds,
	},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "token_inactive" if not token_active

reasons contains "subject_missing" if not subject_present

reasons contains "subject_inactive" if not subject_active

reasons contains "scope_missing" if not scope_held

reasons contains "audience_wrong" if not meant_for_userinfo

tenant_allowed if rbac.tenant_active(input.tenant)

token_active if {
	input.token.kind == "access_token"
	input.token.active
}

subject_present if input.subject.sub == input.token.sub

subject_active if input.subject.active

scope_held if "openid" in held_scopes

# What the client lost since, its old tokens lost too.
held_scopes := scopes.set_of(input.token.scopes) & scopes.set_of(input.holder.scopes)

# RFC 9068 section 4, RFC 8707 section 2: a token that was asked for another resource alone reads nothing here.
meant_for_userinfo if input.endpoint in input.token.audience

meant_for_userinfo if {
	some resource in input.token.audience
	resource in data.rbac.tenants[input.tenant].default_audience
}

# Of a scope about something else than the person, at an API of its own, nothing is released below its level either.
claims := scopes.claims(rbac.held_at(held_scopes, acr)) | asked_one_by_one

# OIDC Core section 5.5. A claim that no scope of the client's releases any more is not released.
asked_one_by_one := {claim |
	some claim in input.requested.claims
	claim in scopes.claims(rbac.held_at(input.holder.scopes, acr))
}

# RFC 9470 section 3: what the roles of the person, or the scopes about them, demand of the sign-in behind the token.
default step_up := "none"

step_up := "required" if not acr_sufficient

step_up := "required" if not age_kept

acr_sufficient if {
	rbac.acr_sufficient(input.subject.roles, acr)
	rbac.scopes_acr_met(about_person, acr)
}

acr := object.get(input, ["authentication", "acr"], "")

age_kept if not rbac.scopes_max_age(about_person)

# Who never signed in did not do so lately.
age_kept if {
	age := input.request.time.epoch_seconds - input.authentication.auth_time
	age <= rbac.scopes_max_age(about_person)
}

about_person := {scope |
	some scope in held_scopes
	scopes.about_person(scope)
}

default acr_values := []

acr_values := [level |
	some level in data.rbac.acr
	rbac.acr_sufficient(input.subject.roles, level)
	rbac.scopes_acr_met(about_person, level)
] if {
	not acr_sufficient
}

default max_age_seconds := 0

max_age_seconds := rbac.scopes_max_age(about_person)
