# METADATA
# title: Scopes
# description: What scopes mean. Functions only. A scope that data.rbac does not know is never granted.
# schemas:
#   - data.rbac: schema.data.rbac
package lib.scopes

known(scopes) := {scope |
	some scope in scopes
	data.rbac.scopes[scope]
}

# Scopes about a person (OIDC Core 5.4 and 11): no API answers to them, and no client has them unasked.
about_person(scope) if scope in {"openid", "profile", "email", "address", "phone", "offline_access"}

# Scopes that need a person who signs in: a client that asks for itself has nothing of them.
of_sign_in := {"openid", "offline_access"}

for_machines(scopes) := {scope |
	some scope in scopes
	not about_person(scope)
}

# Whom a token with these scopes is for (RFC 9068 3): the APIs of its scopes, and the tenant's default where there is none
# or where the token is for userinfo too.
audience(tenant, scopes) := {resource |
	some scope in for_machines(scopes)
	some resource in data.rbac.scopes[scope].audience
} | fallback_audience(tenant, scopes)

fallback_audience(tenant, scopes) := {resource |
	needs_fallback(scopes)
	some resource in data.rbac.tenants[tenant].default_audience
}

needs_fallback(scopes) if count(for_machines(scopes)) == 0

needs_fallback(scopes) if "openid" in scopes

needs_fallback(scopes) if {
	some scope in for_machines(scopes)
	count(data.rbac.scopes[scope].audience) == 0
}

# Whom a client may have tokens for, as it is stored now: what it is registered for, what its scopes bring along, and the
# tenant's default, which comes unasked.
reachable(_, client, resource) if resource in client.audience

reachable(_, client, resource) if {
	some scope in client.scopes
	resource in data.rbac.scopes[scope].audience
}

reachable(tenant, _, resource) if resource in data.rbac.tenants[tenant].default_audience

claims(scopes) := {claim |
	some scope in scopes
	some claim in data.rbac.scopes[scope].claims
}

# Undefined where the fact is missing, unlike a comprehension over it, which is then empty and would allow.
set_of(names) := {name | some name in names}

# Every one of `names` is in `limit`.
within(names, limit) if {
	every name in names {
		name in limit
	}
}
