# METADATA
# title: Policy API access
# description: >-
#   Who may call which path of the policy API (OPA, "Authentication and Authorization"). Anonymous callers are local
#   processes of a listener that is bound to loopback; all others name themselves by a configured credential.
# schemas:
#   - input: schema.system.authz
package system.authz

default allow := false

# Probes carry no credential, and the answer says no more than whether the process serves.
allow if {
	input.method == "GET"
	input.path[0] == "health"
}

allow if {
	is_trusted
	is_question
}

allow if {
	is_trusted
	input.method == "GET"
	input.path in [
		["metrics"],
		["openapi.json"],
		["v1", "audit", "heads"],
		["v1", "bundles"],
		["v1", "config"],
		["v1", "events"],
		["v1", "status"],
	]
}

# Emptying the cache costs the platform work: only whoever is named for it may ask.
allow if {
	input.identity == "operator"
	input.method == "POST"
	array.slice(input.path, 0, 2) == ["v1", "cache"]
}

# Which policy is in force is the operator's word.
allow if {
	input.identity == "operator"
	input.method == "POST"
	count(input.path) == 4
	array.slice(input.path, 0, 2) == ["v1", "bundles"]
	input.path[3] in {"activate", "rollback", "pin", "unpin"}
}

# An explanation shows the rules, and whatever they read.
allow if {
	is_near
	input.method in {"GET", "POST"}
	array.slice(input.path, 0, 2) == ["v1", "explain"]
}

is_near if input.identity == "operator"

is_near if {
	input.loopback
	is_local(input.client_address)
}

is_question if {
	input.method in {"GET", "POST"}
	array.slice(input.path, 0, 2) in [["v0", "data"], ["v1", "data"]]
}

is_question if {
	input.method == "POST"
	array.slice(input.path, 0, 3) == ["v1", "batch", "data"]
}

# The default decision.
is_question if {
	input.method == "POST"
	input.path == []
}

is_trusted if input.identity != ""

is_trusted if {
	input.loopback
	is_local(input.client_address)
}

is_local("::1")

is_local(address) if startswith(trim_prefix(address, "::ffff:"), "127.")
