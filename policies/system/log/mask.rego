# METADATA
# title: Decision log mask
# description: >-
#   What is struck from an event before anything is written (OPA, "Masking Sensitive Data"). An address shrinks to its
#   network; below inputs and results that are no contract's, whatever is called like a secret or like personal data goes.
# schemas:
#   - input: schema.system.log
package system.log

mask contains {"op": "upsert", "path": "/input/request/address", "value": network_of(address)} if {
	startswith(input.path, "authz/")
	address := input.input.request.address
	not is_loopback(address)
}

mask contains concat("/", array.concat([""], [escape(part) | some part in array.concat([document], path)])) if {
	not startswith(input.path, "authz/")
	some document in ["input", "result"]
	walk(input[document], [path, _])
	is_sensitive(path[count(path) - 1])
}

is_loopback("::1")

is_loopback(address) if startswith(address, "127.")

network_of(address) := concat(".", array.concat(array.slice(split(address, "."), 0, 3), ["0/24"])) if {
	not contains(address, ":")
} else := concat("", [concat(":", array.slice(split(split(address, "::")[0], ":"), 0, 3)), "::/48"])

# RFC 6901 section 3.
escape(part) := replace(replace(part, "~", "~0"), "/", "~1") if {
	is_string(part)
} else := format_int(part, 10)

is_sensitive(key) if lower(key) in {"code", "ip", "otp", "pin", "sub", "username"}

is_sensitive(key) if {
	some part in [
		"address",
		"apikey",
		"api_key",
		"assertion",
		"authorization",
		"birth",
		"cookie",
		"credential",
		"email",
		"password",
		"passwd",
		"phone",
		"private_key",
		"secret",
		"session",
		"token",
		"verifier",
	]
	contains(lower(key), part)
}
