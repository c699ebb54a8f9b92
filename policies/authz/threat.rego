# METADATA
# title: Threat
# description: >-
#   A signal of an attack has risen; what is done about it? What an attacker can raise at will has no answer that would hit
#   the owner: their guesses end no session, and an old token no other session than the one that it was given in.
# schemas:
#   - input: schema.authz.threat.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/threat/answer-signal.ts
package authz.threat

import data.lib.rbac

# Grants of one person whose refresh token came twice in an hour: it is no accident of one application any more.
reuse_many := 3

# What a person proves themselves with, and came twice in an hour: a form that was sent twice is one.
proofs_many := 2

# Different accounts tried from one source in an hour: it is made slower as a whole, whoever else is there.
stuffing_many := {"address": 20, "subnet": 100}

# Introspections in a minute, as a multiple of the usual.
spike_many := 10

# People who agreed in an hour to a client that registered itself within the last day.
phishing_many := 20

phishing_age_seconds := 86400

throttle_seconds := 600

sign_in_pages_per_minute := 60

default allow := false

allow if tenant_allowed

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"actions": sort(actions),
		"throttle_seconds": throttle_seconds,
		"throttle_per_minute": throttle_per_minute,
	},
} if {
	allow
} else := {"allow": false, "reasons": ["tenant_not_allowed"]}

tenant_allowed if rbac.tenant_active(input.tenant)

# RFC 9700 section 4.14.2, RFC 6749 section 4.1.2: the store has ended the grant when it saw the second use.
actions contains "revoke_grant" if input.signal == "refresh_reuse"

actions contains "revoke_grant" if {
	input.signal == "replay"
	input.kind == "code"
}

# One came twice by accident; whoever has the key in two places has copied it.
actions contains "notify" if {
	input.signal == "replay"
	input.kind in {"totp_code", "passkey_challenge", "recovery_code", "reset_link"}
	input.count >= proofs_many
}

actions contains action if {
	input.signal == "replay"
	input.kind == "passkey_counter"
	some action in {"notify", "step_up"}
}

actions contains action if {
	input.signal == "refresh_reuse"
	input.count >= reuse_many
	some action in {"end_session", "notify"}
}

actions contains "notify" if input.signal == "password_guessing"

actions contains action if {
	input.signal == "impossible_travel"
	some action in {"notify", "step_up"}
}

actions contains "throttle" if {
	input.signal == "credential_stuffing"
	input.count >= stuffing_many[input.source]
}

actions contains "throttle" if introspects_too_much

introspects_too_much if {
	input.signal == "introspection_spike"
	input.count >= input.usual * spike_many
	introspection_rate
}

# What a client usually does, thrice, goes on; of one that never introspected before, what is no spike of anybody.
introspection_rate := input.usual * 3 if input.usual > 0

introspection_rate := input.floor if input.usual == 0

actions contains "revoke_client" if {
	input.signal == "consent_phishing"
	input.self_registered
	input.client_age_seconds < phishing_age_seconds
	input.count >= phishing_many
}

throttle_per_minute := min([1000000, introspection_rate]) if {
	introspects_too_much
} else := sign_in_pages_per_minute
