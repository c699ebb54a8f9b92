# METADATA
# title: Links by mail
# description: >-
#   May a letter with a one-use link go out, and may the link do what it is for? A reset gives a password and no session: the
#   sign-in after it meets the same `login`, with the second factor that the account has. OWASP ASVS 6.4.
# schemas:
#   - input: schema.authz.mail_link.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/user/ask-mail-link.ts
package authz.mail_link

import data.lib.network
import data.lib.passwords
import data.lib.rbac

# Letters within the hour. Those to one account stay few, so that nobody's mailbox is flooded by others; a device that the
# account knows has its own, so that nobody else uses up the owner's. One in a quarter of an hour goes to the address of the
# account in any case: strangers who ask without end bring its owner a link instead, which holds for longer than that.
letters_here := 5

letters_per_account := 20

letters_per_address := 30

default ttl_seconds := 1200

# An address can take a change back for as long as the one after it settles.
ttl_seconds := settling_seconds if input.purpose == "email_stop"

default allow := false

allow if {
	input.stage == "ask"
	asked_seldom
	tenant_allowed
	network_allowed
}

allow if {
	input.stage == "use"
	tenant_allowed
	network_allowed
	account_fit
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"send": send,
		"ttl_seconds": ttl_seconds,
		"least_password_characters": least_password_characters,
		"revoke_access": revoke_access,
		"end_password": end_password,
		"end_factors": end_factors,
		"notify": notify,
	},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "too_many_asked" if {
	input.stage == "ask"
	not asked_seldom
}

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "network_not_allowed" if not network_allowed

reasons contains "account_not_fit" if {
	input.stage == "use"
	not account_fit
}

asked_seldom if {
	input.asked.here < letters_here
	input.asked.account < letters_per_account
	input.asked.address < letters_per_address
}

asked_seldom if {
	input.purpose == "password_reset"
	input.asked.lately == 0
	input.asked.address < letters_per_address
}

tenant_allowed if rbac.tenant_active(input.tenant)

network_allowed if network.allowed(input.tenant, [], input.request.address)

default send := false

send if account_fit

# Whoever reads the mailbox of an address that nobody proved may be anybody: it resets nothing. An account that has never had
# a password is signed in to otherwise, and gets none this way.
account_fit if {
	input.purpose == "password_reset"
	input.subject.active
	input.password == "set"
	input.email_verified
	email_settled
}

account_fit if {
	input.purpose in {"email_verify", "email_change"}
	input.subject.active
}

# An address that came by a change itself, and has not settled, takes none back: the one before it still can.
account_fit if {
	input.purpose == "email_stop"
	input.subject.active
	input.email_verified
	email_settled
}

account_fit if {
	input.purpose == "email_stop"
	input.stage == "use"
	input.subject.active
}

# Whoever took an account over for a moment has given it an address of their own: it resets nothing until the person who had
# the one before has had the time to take it back.
email_settled if not input.email_age_seconds

email_settled if input.email_age_seconds >= settling_seconds

default settling_seconds := 259200

settling_seconds := data.rbac.tenants[input.tenant].email_settling_seconds

# Where nobody has that name the answer is as for anybody else.
default least_password_characters := 8

least_password_characters := passwords.least_characters(input.subject.roles)

# Whoever had the old password is out (OWASP ASVS 7.4.3). A new address changes nothing that was given.
default revoke_access := false

revoke_access if input.purpose in {"password_reset", "email_stop"}

# Whoever asked for the change may have set the password, or know it.
default end_password := false

end_password if input.purpose == "email_stop"

# They may have added a way in of their own, too.
default end_factors := "none"

end_factors := "recent" if input.purpose == "email_stop"

default notify := false

notify if input.purpose in {"password_reset", "email_change", "email_stop"}
