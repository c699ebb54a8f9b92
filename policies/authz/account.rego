# METADATA
# title: Account
# description: >-
#   May this person do this to their own account, must they prove anew who they are first, and what of it do they see and
#   write? OWASP ASVS 7.5.1, RFC 9470.
# schemas:
#   - input: schema.authz.account.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/sign-in/account-page.ts
package authz.account

import data.lib.network
import data.lib.passwords
import data.lib.rbac
import data.lib.scopes

# How old a sign-in may be for what would give the account to somebody else, or end it.
fresh_seconds := 600

# Longer than any session: the age of the sign-in does not count.
any_age_seconds := 34560000

default allow := false

allow if {
	tenant_allowed
	network_allowed
	subject_active
	owned
	action_allowed
	attributes_writable
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"step_up": step_up,
		"acr": sort([data.rbac.acr[position] | some position in strong_enough]),
		"max_age_seconds": max_age_seconds,
		"visible": sort(visible),
		"writable": sort(writable),
		"least_password_characters": passwords.least_characters(input.subject.roles),
		"notify": notify,
	},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "network_not_allowed" if not network_allowed

reasons contains "subject_inactive" if not subject_active

reasons contains "not_own" if not owned

reasons contains "action_not_allowed" if not action_allowed

reasons contains "attribute_not_writable" if not attributes_writable

tenant_allowed if rbac.tenant_active(input.tenant)

network_allowed if network.allowed(input.tenant, [], input.request.address)

subject_active if input.subject.active

owned if input.resource.own

# What only shows the account, and what takes access away from others: whoever is signed in may.
everyday := {"view", "end_session", "forget_device", "withdraw_consent", "revoke_grant", "report_activity"}

# What would give the account to somebody else, take all of it along, or end it.
sensitive := {"change_email", "change_password", "link_identity", "unlink_identity", "export", "erase"}

action_allowed if input.action in everyday

action_allowed if {
	input.action in {"change_profile", "change_email"}
	may_write
}

action_allowed if input.action in {"change_password", "link_identity", "unlink_identity", "export"}

# Whoever may give roles does not take the last of them along: somebody else deletes that account.
action_allowed if {
	input.action == "erase"
	count(rbac.grants(input.subject.roles)) == 0
}

attributes_writable if scopes.within(input.changed, writable)

may_write if "profile:write" in rbac.role_permissions(input.subject.roles)

visible := {"displayName", "emails", "locale", "name", "nickName", "photos", "timezone", "userName"}

default writable := set()

# A new e-mail address is proven first: a form of the profile does not change it.
writable := {"displayName", "locale", "name", "nickName", "photos", "timezone"} | proven_first if may_write

proven_first := {"emails"} if {
	input.action != "change_profile"
} else := set()

default notify := false

notify if input.action in sensitive

default step_up := "none"

step_up := "required" if not signed_in_well_enough

signed_in_well_enough if {
	rbac.level(input.authentication.acr) in strong_enough
	input.request.time.epoch_seconds - input.authentication.primary_time <= max_age_seconds
}

max_age_seconds := fresh_seconds if {
	must_be_fresh
} else := any_age_seconds

must_be_fresh if input.action in sensitive

# Nobody travels so far so fast: whoever comes with the cookie may be somebody else.
must_be_fresh if {
	input.risk.impossible_travel
	not input.action in everyday
}

# Positions of the levels that do: for the person's roles as for any sign-in, and for what is sensitive every factor that the
# account has counts.
strong_enough contains position if {
	some position, level in data.rbac.acr
	rbac.acr_sufficient(input.subject.roles, level)
	position >= weakest
}

weakest := rbac.level("urn:sallyport:acr:mfa") if {
	input.action in sensitive
	some factor in input.enrolled
	factor in {"passkey", "totp"}
} else := rbac.level("urn:sallyport:acr:password")
