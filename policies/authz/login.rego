# METADATA
# title: Login
# description: >-
#   May this sign-in go on, what is needed next, and what does it reach? Asked before a factor is checked, so that guessing
#   costs the guesser more than us, and again after each. RFC 8176, RFC 9470, OIDC Core section 5.5.1.1.
# schemas:
#   - input: schema.authz.login.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/sign-in/ask-login.ts
package authz.login

import data.lib.network
import data.lib.rbac
import data.lib.scopes
import data.lib.threat

session_ttl_seconds := 28800

session_idle_seconds := 7200

# How long a browser may spare its person the second factor, once it was given there.
default remember_device_seconds := 0

remember_device_seconds := 2592000 if reached >= mfa

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
	country_allowed
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"next": next,
		"offers": sort(offers),
		"acr": acr,
		"amr": sort(amr),
		"session_ttl_seconds": session_ttl_seconds,
		"session_idle_seconds": session_idle_seconds,
		"remember_device_seconds": remember_device_seconds,
		"wait_seconds": threat.wait_seconds(input.risk),
		"while_waiting": threat.while_waiting(input.risk),
	},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "too_many_attempts" if not attempts_left

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "network_not_allowed" if not network_allowed

reasons contains "country_not_allowed" if not country_allowed

reasons contains "wrong_credentials" if {
	input.stage == "factors"
	not credentials_right
}

reasons contains "subject_inactive" if input.subject.active == false

# How often one account may be tried is a matter of waiting; a source that is too busy is refused.
attempts_left if threat.source_trusted(input.risk)

tenant_allowed if rbac.tenant_active(input.tenant)

network_allowed if network.allowed(input.tenant, [], input.request.address)

# Where no source of places is configured, or it doesn't say, nothing is known against it.
country_allowed if not input.risk.country

country_allowed if network.country_allowed(input.tenant, input.risk.country)

subject_active if input.subject.active

# The person proved something, and failed at nothing.
credentials_right if {
	input.subject
	count(proven) > 0
	count(failed) == 0
}

failed contains factor if {
	some factor, state in input.factors
	state == "failed"
}

proven contains factor if {
	some factor, state in input.factors
	state in {"verified", "present"}
}

# An earlier sign-in in this browser, where it counts for the request.
proven contains "session" if input.session

# What tells who the person is; the other factors only confirm it.
primary := proven & {"password", "passkey", "federated", "session"}

confirmed if {
	count(proven & {"totp", "recovery_code"}) > 0
	count(proven & {"password", "passkey", "federated"}) > 0
}

confirmed if {
	count(proven & {"totp", "recovery_code"}) > 0
	session_proved({"pwd", "pop", "fed"})
}

confirmed if {
	"passkey" in proven
	count(proven & {"password", "federated"}) > 0
}

confirmed if {
	"passkey" in proven
	session_proved({"pwd", "otp", "fed"})
}

# Two proofs are of two kinds: what the session came from, shown again, is one still.
session_proved(kinds) if {
	some method in input.session.amr
	method in kinds
}

# Levels reached, as positions in data.rbac.acr.
levels contains rbac.level("urn:sallyport:acr:none")

levels contains rbac.level("urn:sallyport:acr:password") if count(primary) > 0

levels contains rbac.level("urn:sallyport:acr:mfa") if confirmed

levels contains rbac.level("urn:sallyport:acr:phishing_resistant") if input.factors.passkey == "verified"

levels contains rbac.level(input.session.acr)

levels contains rbac.level(input.federated_acr) if input.factors.federated == "verified"

reached := max(levels)

# Of the levels that the client insists on, the strongest that was reached: it reads one that it asked for.
acr := data.rbac.acr[strongest] if {
	strongest := max(met)
} else := data.rbac.acr[reached]

met contains position if {
	some level in essential_acr
	position := rbac.level(level)
	position <= reached
}

essential_acr := object.get(input.requested, "essential_acr", [])

# RFC 8176; what is confirmed by two kinds of proof is `mfa`.
amr contains method if {
	some factor in proven
	some method in methods[factor]
}

amr contains method if some method in input.session.amr

amr contains "mfa" if reached >= rbac.level("urn:sallyport:acr:mfa")

methods := {
	"password": ["pwd"],
	"totp": ["otp"],
	"recovery_code": ["otp"],
	"passkey": ["pop", "user"],
	"federated": ["fed"],
}

default next := "none"

next := "password" if {
	count(primary) == 0
} else := "passkey" if {
	not sufficient
	"passkey" in enrolled
} else := "totp" if {
	not sufficient
	"totp" in enrolled
	mfa in strong_enough
} else := "enrol" if {
	not sufficient
}

mfa := rbac.level("urn:sallyport:acr:mfa")

default enrolled := []

enrolled := input.enrolled

sufficient if {
	reached in strong_enough
	wish_met
	second_factor_met
}

# Positions of the levels that do for the person's roles, the scopes and the client itself.
strong_enough contains position if {
	some position, level in data.rbac.acr
	rbac.acr_sufficient(input.subject.roles, level)
	rbac.scopes_acr_met(scopes.known(input.requested.scopes), level)
	position >= insisted
}

# The weakest of the levels that the client insists on.
default insisted := 0

insisted := min({rbac.level(level) | some level in essential_acr})

# OIDC Core section 3.1.2.1: what the client would like, where the account can have it.
wish_met if not reachable_wish

wish_met if {
	some level in input.requested.acr_values
	rbac.level(level) <= reached
}

# A key that need not verify its user, and did not, has shown all that it does beside another factor.
wish_met if {
	input.factors.passkey == "present"
	reached >= mfa
}

reachable_wish if {
	some level in input.requested.acr_values
	rbac.level(level) <= rbac.reachable_level(enrolled)
}

# Who has added a second factor is asked for it, but in a browser that is remembered.
second_factor_met if not second_factor_enrolled

second_factor_met if reached >= mfa

second_factor_met if {
	input.device.remembered
	threat.owner_likely(input.risk)
}

second_factor_enrolled if {
	some factor in enrolled
	factor in {"totp", "passkey"}
}

offers contains "passkey" if count(primary) == 0

offers contains "federated" if count(primary) == 0

offers contains factor if {
	next in {"passkey", "totp"}
	mfa in strong_enough
	some factor in enrolled
	factor in {"passkey", "totp", "recovery_code"}
	factor != next
}

offers contains "passkey" if next == "enrol"

offers contains "totp" if {
	next == "enrol"
	mfa in strong_enough
}
