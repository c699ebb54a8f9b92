# METADATA
# title: Login
# description: >-
#   May this sign-in go on, and what does it reach? Asked before a password is hashed, so that guessing costs the guesser
#   more than us, and again once the factors were checked.
# schemas:
#   - input: schema.authz.login.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/login/login.ts
package authz.login

import data.lib.network
import data.lib.rbac

# Failed sign-ins in 15 minutes.
failures_per_account := 10

failures_per_address := 50

session_ttl_seconds := 28800

default allow := false

allow if {
	input.stage == "attempt"
	attempt_allowed
}

allow if {
	input.stage == "factors"
	attempt_allowed
	credentials_right
	subject_active
}

attempt_allowed if {
	attempts_left
	tenant_allowed
	network_allowed
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": object.union(reached, {"session_ttl_seconds": session_ttl_seconds}),
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

# RFC 8176 names the methods; the acr values stand in data.rbac.
reached := {"next": "none", "acr": "urn:sallyport:acr:password", "amr": ["pwd"]} if {
	input.stage == "factors"
} else := {"next": "password", "acr": "urn:sallyport:acr:none", "amr": []}

reasons contains "too_many_attempts" if not attempts_left

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "network_not_allowed" if not network_allowed

reasons contains "wrong_credentials" if {
	input.stage == "factors"
	not credentials_right
}

reasons contains "subject_inactive" if input.subject.active == false

attempts_left if {
	input.failures.account < failures_per_account
	input.failures.address < failures_per_address
}

tenant_allowed if rbac.tenant_active(input.tenant)

network_allowed if network.allowed(input.tenant, [], input.request.address)

credentials_right if {
	input.factors.password == "verified"
	input.subject
}

subject_active if input.subject.active
