# METADATA
# title: Second factors
# description: >-
#   May this person add, use, rename or remove a second factor, and how fresh must the sign-in be? Which authenticators are
#   let in stands in data.rbac.tenants. RFC 6238, RFC 9470, WebAuthn Level 3.
# schemas:
#   - input: schema.authz.mfa.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/mfa/ask-mfa.ts
package authz.mfa

import data.lib.rbac
import data.lib.threat

# Wrong codes, those under way counted: from each device that the account knows, from each network that it was signed in from
# lately, and from everywhere else together. Of a million codes three are right at a time: thirty guesses a day find one in a
# year once in thirty times, and the person is told of them.
guesses_per_sign_in := 5

guesses_per_account := 10

guesses_per_day := 30

passkeys_per_account := 20

recovery_codes_made := 10

# How old a sign-in may be at most for a change of factors.
fresh_seconds := 300

# Where somebody is nowhere that they can have travelled to, only a sign-in from here will do.
fresh_from_here_seconds := 1

default allow := false

allow if {
	tenant_allowed
	subject_allowed
	action_allowed
	guesses_left
	authenticator_fit
	calm
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"step_up": step_up,
		"step_up_acr": step_up_acr,
		"step_up_max_age_seconds": max_age_seconds,
		"user_verification": user_verification,
		"attestation": attestation,
		"recovery_codes": recovery_codes,
	},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "subject_inactive" if not subject_allowed

reasons contains "not_signed_in" if {
	not verifying
	not signed_in
	not in_sign_in
}

reasons contains "too_risky" if not calm

reasons contains "enrolment_not_allowed" if {
	input.action in {"enrol_totp", "enrol_passkey"}
	in_sign_in
	not enrolment_allowed
}

reasons contains "enrolment_not_allowed" if {
	not verifying
	not input.action in {"enrol_totp", "enrol_passkey"}
	in_sign_in
}

reasons contains "already_enrolled" if {
	input.action == "enrol_totp"
	not totp_free
}

reasons contains "too_many_factors" if {
	input.action == "enrol_passkey"
	not passkey_room
}

reasons contains "nothing_enrolled" if {
	input.action in {"remove", "make_recovery_codes"}
	not has_factor
}

reasons contains "last_way_in" if {
	input.action == "remove"
	not input.other_ways
}

reasons contains "too_many_guesses" if not guesses_left

reasons contains "user_not_verified" if not verification_met

reasons contains "attestation_not_verified" if not attestation_met

reasons contains "authenticator_not_allowed" if not model_allowed

tenant_allowed if rbac.tenant_active(input.tenant)

# Of a passkey nobody is known before it answers; where no such account is, its factor fails later, and by nothing else.
subject_allowed if input.subject.active

subject_allowed if {
	verifying
	not input.subject
}

verifying if input.action in {"verify_totp", "verify_passkey", "verify_recovery_code"}

signed_in if {
	input.subject
	input.authentication
}

in_sign_in if {
	input.sign_in
	not input.authentication
}

action_allowed if verifying

action_allowed if {
	input.action in {"view", "rename", "end_other_sessions"}
	signed_in
}

action_allowed if {
	input.action == "remove"
	signed_in
	has_factor
	input.other_ways
}

action_allowed if {
	input.action == "make_recovery_codes"
	signed_in
	has_factor
}

action_allowed if {
	input.action == "enrol_totp"
	may_enrol
	totp_free
}

action_allowed if {
	input.action == "enrol_passkey"
	may_enrol
	passkey_room
}

may_enrol if signed_in

may_enrol if enrolment_allowed

# Whoever knows the password of an account that has a second factor adds none of their own: they prove that one first.
enrolment_allowed if {
	input.subject
	input.sign_in.enrolment_demanded
	count(proven & {"password", "passkey", "federated"}) > 0
	second_factor_proven
}

second_factor_proven if not has_factor

second_factor_proven if count(proven & {"totp", "passkey", "recovery_code"}) > 0

proven := {factor | some factor in input.sign_in.proven}

has_factor if input.held.totp_factors > 0

has_factor if input.held.passkeys > 0

totp_free if input.held.totp_factors == 0

passkey_room if input.held.passkeys < passkeys_per_account

# Whoever guessed a password makes the account theirs by a factor of their own.
calm if not stormy

stormy if {
	changing
	threat.guessed_at(input.risk)
}

# In the middle of a sign-in from such a place nothing else says that it is the owner, but a factor that they have.
stormy if {
	changing
	in_sign_in
	far_away
	not has_factor
}

guesses_left if not input.guesses

guesses_left if {
	input.guesses.here <= guesses_per_sign_in
	input.guesses.account <= guesses_per_account
	input.guesses.day <= guesses_per_day
}

authenticator_fit if {
	verification_met
	attestation_met
	model_allowed
}

verification_met if not input.authenticator

verification_met if input.authenticator.user_verified

verification_met if user_verification != "required"

# What an authenticator is was judged when it was added.
attestation_met if input.action != "enrol_passkey"

attestation_met if not input.authenticator

attestation_met if input.authenticator.attestation == "verified"

attestation_met if attestation == "none"

model_allowed if input.action != "enrol_passkey"

model_allowed if not input.authenticator

# Without a verified attestation the AAGUID is a claim that anybody can make.
model_allowed if {
	input.authenticator.attestation == "verified"
	not input.authenticator.aaguid in denied_models
	model_listed
}

model_allowed if {
	count(denied_models) == 0
	count(allowed_models) == 0
}

model_listed if count(allowed_models) == 0

model_listed if input.authenticator.aaguid in allowed_models

passkey_rules := object.get(data.rbac.tenants[input.tenant], "passkeys", {})

user_verification := rbac.passkey_verification(input.tenant)

allowed_models := object.get(passkey_rules, "allowed_aaguids", [])

denied_models := object.get(passkey_rules, "denied_aaguids", [])

# A list of models is worth what proves the model.
attestation := "direct" if {
	count(allowed_models) + count(denied_models) > 0
} else := object.get(passkey_rules, "attestation", "none")

default recovery_codes := 0

recovery_codes := recovery_codes_made if input.action == "make_recovery_codes"

recovery_codes := recovery_codes_made if {
	input.action in {"enrol_totp", "enrol_passkey"}
	input.held.recovery_codes_left == 0
}

default step_up := "none"

step_up := "required" if {
	changing
	signed_in
	not fresh
}

step_up := "required" if {
	changing
	signed_in
	far_away
}

changing if input.action in {"enrol_totp", "enrol_passkey", "remove", "make_recovery_codes"}

far_away if input.risk.impossible_travel

max_age_seconds := fresh_from_here_seconds if {
	far_away
} else := fresh_seconds

fresh if {
	input.request.time.epoch_seconds - input.authentication.primary_time <= fresh_seconds
	rbac.level(input.authentication.acr) >= rbac.level(step_up_acr)
}

# What the account can reach.
default step_up_acr := "urn:sallyport:acr:password"

step_up_acr := "urn:sallyport:acr:mfa" if has_factor
