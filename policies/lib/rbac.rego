# METADATA
# title: Roles
# description: >-
#   What roles give, and when they give it. Functions only. A role that data.rbac does not know gives nothing and demands
#   nothing.
# schemas:
#   - data.rbac: schema.data.rbac
package lib.rbac

tenant_active(tenant) if data.rbac.tenants[tenant].active

# A token can never do more than its scopes, nor more than the roles of whoever it speaks for.
permissions(roles, scopes) := role_permissions(roles) & scope_permissions(scopes)

role_permissions(roles) := {permission |
	some role in roles
	some permission in data.rbac.roles[role].permissions
}

scope_permissions(scopes) := {permission |
	some scope in scopes
	some permission in data.rbac.scopes[scope].permissions
}

# Roles that holders of `roles` may give and take.
grants(roles) := {granted |
	some role in roles
	some granted in data.rbac.roles[role].grants
}

# Those of `roles` that count at this time and at this acr.
active_roles(roles, time, acr) := {role |
	some role in roles
	open(role, time)
	reached(role, acr)
}

# Of a token: none where no person signed in for it.
acr_of(actor) := object.get(actor, "acr", "")

# The level that its bearer can come back with: a person by another sign-in (RFC 9470 section 4), everyone else with none but this.
best_acr(actor) := data.rbac.acr[count(data.rbac.acr) - 1] if {
	actor.kind == "user"
} else := acr_of(actor)

# What an act asks of roles and scopes: `scope` itself, and `permission` by any of them; and that `roles` and `permissions` are theirs
# to give away.
suffice(roles, scopes, asked) if {
	asked.scope in scopes
	permit(roles, scopes, asked)
	give_roles(roles, asked)
	give_permissions(roles, asked)
}

permit(roles, scopes, asked) if asked.permission in permissions(roles, scopes)

give_roles(roles, asked) if count(asked.roles - grants(roles)) == 0

give_permissions(roles, asked) if count((asked.permissions - role_permissions(roles)) - role_permissions(grants(roles))) == 0

# Levels at which those of `roles` and `scopes` that count then do for it.
sufficient_levels(roles, scopes, time, asked) := [level |
	some level in data.rbac.acr
	suffice(active_roles(roles, time, level), held_at(scopes, level), asked)
]

within_hours(roles, time) if {
	every role in roles {
		open(role, time)
	}
}

acr_sufficient(roles, acr) if {
	every role in roles {
		reached(role, acr)
	}
}

# Those of `scopes` that demand a better sign-in than one of this acr (RFC 9470). Told by what is out of reach, since of most
# scopes that takes one look: every token that is issued or introspected comes here.
out_of_reach(scopes, acr) := {scope |
	some scope in scopes
	demanded := data.rbac.scopes[scope].acr
	not reaches(acr, demanded)
}

# Those that count at this acr.
held_at(scopes, acr) := {scope | some scope in scopes} - out_of_reach(scopes, acr)

# What scopes demand of a sign-in: its level, and how old it may be at most; without a demand there is no age.
scopes_acr_met(scopes, acr) if count(out_of_reach(scopes, acr)) == 0

scopes_max_age(scopes) := min({age |
	some scope in scopes
	age := data.rbac.scopes[scope].max_age_seconds
})

open(role, _) if not data.rbac.roles[role].hours

open(role, time) if {
	hours := data.rbac.roles[role].hours
	time.weekday in hours.weekdays
	time.minute_of_day >= hours.from_minute
	time.minute_of_day < hours.to_minute
}

reached(role, _) if not data.rbac.roles[role].acr

reached(role, acr) if reaches(acr, data.rbac.roles[role].acr)

# A level that nobody ranks reaches nothing, and is reached by none.
reaches(acr, demanded) if level(acr) >= level(demanded)

# The strongest level that an account can have by itself, as a position in data.rbac.acr; undefined where it can prove nothing.
reachable_level(enrolled) := max({level(acr) |
	some factor in enrolled
	acr := {
		"password": "urn:sallyport:acr:password",
		"totp": "urn:sallyport:acr:mfa",
		"passkey": "urn:sallyport:acr:phishing_resistant",
	}[factor]
})

# Whether passkeys of the tenant must verify their user.
passkey_verification(tenant) := object.get(
	object.get(data.rbac.tenants[tenant], "passkeys", {}),
	"user_verification", "required",
)

level(acr) := position if {
	some position, name in data.rbac.acr
	name == acr
}
