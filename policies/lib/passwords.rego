# METADATA
# title: Passwords
# description: How long a password must be, by what its holder may do. Functions only. OWASP ASVS 6.2.1.
# schemas:
#   - data.rbac: schema.data.rbac
package lib.passwords

# Whoever may turn the platform's own keys, clients or people needs a longer one.
least_characters(roles) := max({8} | {15 |
	some role in roles
	some permission in data.rbac.roles[role].permissions
	startswith(permission, "admin:")
})
