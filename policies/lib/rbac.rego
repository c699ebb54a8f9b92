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

# What an act asks of roles: `permission`, exercised by `scopes`; and that `roles` and `permissions` are theirs to give away.
suffice(roles, asked) if {
	permit(roles, asked)
	give_roles(roles, asked)
	give_permissions(roles, asked)
}

permit(roles, asked) if asked.permission in permissions(roles, asked.scopes)

give_roles(roles, asked) if count(asked.roles - grants(roles)) == 0

give_permissions(roles, asked) if count((asked.permissions - role_permissions(roles)) - role_permissions(grants(roles))) == 0

# Levels at which those of `roles` that count then do for it.
sufficient_levels(roles, time, asked) := [level |
	some level in data.rbac.acr
	suffice(active_roles(roles, time, level), asked)
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

# What scopes demand of a sign-in: its level, and how old it may be at most; without a demand there is no age.
scopes_acr_met(scopes, acr) if {
	every scope in scopes {
		scope_reached(scope, acr)
	}
}

scope_reached(scope, _) if not data.rbac.scopes[scope].acr

scope_reached(scope, acr) if level(acr) >= level(data.rbac.scopes[scope].acr)

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

reached(role, acr) if level(acr) >= level(data.rbac.roles[role].acr)

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
