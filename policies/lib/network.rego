# METADATA
# title: Networks
# description: Whether a request comes from where it may come from. Functions only. What is no address is nowhere.
# schemas:
#   - data.rbac: schema.data.rbac
package lib.network

allowed(tenant, scopes, address) if {
	plain := trim_prefix(address, "::ffff:")
	well_formed(plain)
	every network in data.rbac.tenants[tenant].denied_networks {
		net.cidr_contains(network, plain) == false
	}
	every scope in scopes {
		usable_from(scope, plain)
	}
}

# ISO 3166-1 alpha-2.
country_allowed(tenant, country) if {
	denied := object.get(data.rbac.tenants[tenant], "denied_countries", [])
	not country in denied
}

well_formed(address) if {
	net.cidr_contains("0.0.0.0/0", address)
	not contains(address, ":")
}

# IPv4 in an IPv6 coat (RFC 4291 2.5.5.2) is refused in any spelling but `::ffff:a.b.c.d`: no IPv4 network would hold it.
# What is no address at all is undefined here, not false.
well_formed(address) if net.cidr_contains("::ffff:0:0/96", address) == false

usable_from(scope, _) if count(data.rbac.scopes[scope].networks) == 0

usable_from(scope, address) if {
	some network in data.rbac.scopes[scope].networks
	net.cidr_contains(network, address)
}
