# METADATA
# title: Decision log mask
# description: >-
#   What is struck from an event before anything is written (OPA, "Masking Sensitive Data"). An address shrinks to its
#   network. Of a decision that was asked over the API only what its contract knows is kept, and of anyone else's whatever
#   is called like a secret or like personal data goes, and what looks like a credential whatever it is called.
# schemas:
#   - input: schema.system.log
package system.log

mask contains {"op": "upsert", "path": "/input/request/address", "value": network_of(address)} if {
	is_decision
	address := trim_prefix(input.input.request.address, "::ffff:")
	not is_loopback(address)
}

mask contains pointer("input", path) if {
	is_decision
	input.requested_by
	some suspect in suspects
	walk(suspect, [path, value])
	is_foreign(path, value)
}

# Where every name is the contract's and every value is small, a walk has nothing to find; telling so takes a fifth of one.
suspects := [] if {
	is_plain
} else := [input.input]

mask contains pointer(document, path) if {
	not is_decision
	some document in ["input", "result"]
	walk(input[document], [at, value])
	path := erased_at(at, value)
}

is_decision if startswith(input.path, "authz/")

is_loopback("::1")

is_loopback(address) if net.cidr_contains("127.0.0.0/8", address)

# What is no address may be anything, and is not repeated.
default network_of(_) := "invalid"

network_of(address) := concat(".", array.concat(array.slice(split(address, "."), 0, 3), ["0/24"])) if {
	net.cidr_contains("0.0.0.0/0", address)
}

network_of(address) := concat("", [concat(":", array.slice(split(split(address, "::")[0], ":"), 0, 3)), "::/48"]) if {
	net.cidr_contains("::/0", address)
}

# RFC 6901 section 3. Of the two escapes one is undefined: that for the other type.
pointer(document, path) := concat("/", array.concat(["", document], [escape(part) | some part in path]))

escape(part) := replace(replace(part, "~", "~0"), "/", "~1")

escape(index) := format_int(index, 10)

# Names of the contract that hold further names, never a text of their own.
groups := {
	"accounts_tried",
	"actor",
	"asked",
	"authentication",
	"authenticator",
	"client",
	"device",
	"event",
	"factors",
	"failures",
	"grant",
	"granted",
	"guesses",
	"held",
	"holder",
	"lately",
	"person_risk",
	"provider",
	"receiver",
	"request",
	"requested",
	"resource",
	"risk",
	"seen",
	"sender",
	"session",
	"sign_in",
	"since_failure",
	"stream",
	"subject",
	"time",
	"token",
	"travel",
	"upstream",
}

plain_fields := {
	"aaguid",
	"account",
	"acr",
	"acr_values",
	"action",
	"active",
	"age_seconds",
	"amr",
	"application_type",
	"attestation",
	"audience",
	"auth_method",
	"auth_time",
	"backed_up",
	"backup_eligible",
	"binding",
	"browser_changed",
	"certificate",
	"changed",
	"changed_roles",
	"changed_scopes",
	"claims",
	"client_age_seconds",
	"client_id",
	"code_challenge_method",
	"confirmed",
	"consented_claims",
	"consented_scopes",
	"count",
	"country",
	"created_at",
	"day",
	"delivery",
	"device_bound",
	"device_known",
	"dpop",
	"email_age_seconds",
	"email_domain",
	"email_verified",
	"endpoint",
	"enrolled",
	"enrolment_demanded",
	"epoch_seconds",
	"essential_acr",
	"events",
	"expires_at",
	"federated",
	"federated_acr",
	"first_party",
	"floor",
	"flow",
	"grant_type",
	"grant_types",
	"groups",
	"here",
	"hint",
	"host",
	"id",
	"idle_seconds",
	"impossible_travel",
	"issued_at",
	"kilometres",
	"kind",
	"known",
	"lately",
	"linked",
	"max_age_seconds",
	"minute_of_day",
	"network_changed",
	"network_known",
	"new_device",
	"organisation",
	"other_ways",
	"own",
	"passkey",
	"passkeys",
	"people_agreed",
	"primary_time",
	"prompt",
	"proven",
	"purpose",
	"pushed",
	"recovery_codes_left",
	"redirect",
	"redirect_hosts",
	"refresh_reuse",
	"registrations",
	"relation",
	"remembered",
	"replays",
	"requires",
	"resources",
	"response_type",
	"roles",
	"scopes",
	"seconds",
	"self_registered",
	"signal",
	"signed_in_here",
	"source",
	"stage",
	"sub",
	"subject_type",
	"subnet",
	"surge",
	"tenant",
	"totp",
	"totp_factors",
	"type",
	"unguessable",
	"user_verified",
	"usual",
	"weekday",
}

# What is called like a secret and is one of a few words; any other word under that name may be the secret.
words := {
	"credential": {"initial_access_token", "none", "registration_access_token"},
	"password": {"absent", "failed", "set", "verified"},
	"recovery_code": {"absent", "failed", "verified"},
}

fields := (plain_fields | object.keys(words)) | {"address"}

known := groups | fields

is_plain if {
	is_object(input.input)
	every name, value in input.input {
		is_plain_member(name, value)
	}
}

is_plain_member(name, value) if is_plain_field(name, value)

is_plain_member(name, value) if {
	groups[name]
	is_object(value)
	every inner, part in value {
		is_plain_part(name, inner, part)
	}
}

is_plain_part(_, name, value) if is_plain_field(name, value)

is_plain_part("request", "address", value) if is_string(value)

is_plain_part(_, name, value) if {
	groups[name]
	is_object(value)
	every inner, leaf in value {
		is_plain_field(inner, leaf)
	}
}

is_plain_field(name, value) if {
	plain_fields[name]
	not is_object(value)
	not is_array(value)
}

is_plain_field(name, value) if {
	plain_fields[name]
	is_array(value)
	every element in value {
		is_string(element)
	}
}

is_plain_field(name, value) if value in words[name]

is_plain_field("address", value) if is_number(value)

is_foreign([], value) if not is_object(value)

is_foreign(path, _) if {
	name := path[count(path) - 1]
	is_string(name)
	not known[name]
}

is_foreign(path, value) if {
	path[count(path) - 1] in groups
	not is_object(value)
}

is_foreign(path, value) if {
	path[count(path) - 1] in fields
	is_object(value)
}

is_foreign(path, value) if {
	allowed := words[path[count(path) - 1]]
	not value in allowed
}

is_foreign(path, value) if {
	path[count(path) - 1] == "address"
	is_string(value)
	path != ["request", "address"]
}

erased_at(at, value) := at if {
	is_sensitive(lower(at[count(at) - 1]))
} else := at if {
	is_credential(value)
} else := array.concat(at, [1]) if {
	is_secret_pair(value)
}

# What an Authorization header holds (RFC 9110 section 11.6.2), also as part of a line.
is_credential(text) if regex.match(`(?i)(^|[:=,"'])\s*(basic|bearer)\s+[^\s]`, text)

# A JWT in compact form (RFC 7515 section 3.1), anywhere in a text: `eyJ` is the beginning of a JSON object in base64url.
is_credential(text) if regex.match(`eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*`, text)

# A header as some write it: its name, then its value.
is_secret_pair([name, _]) if is_sensitive(lower(name))

is_sensitive(name) if name in {"code", "ip", "otp", "pin", "sub", "totp", "username"}

# Codes that let somebody in, e.g. RFC 8628 section 3.2; `status_code` and `country_code` do not.
is_sensitive(name) if regex.match(`(backup|device|recovery|security|totp|user|verification)[_-]?codes?$`, name)

# Words that others hold: `author`, `classname`.
is_sensitive(name) if regex.match(`auth($|[^a-z])|(^|[^a-z])ssn($|[^a-z])`, name)

is_sensitive(name) if {
	some part in [
		"address",
		"apikey",
		"api-key",
		"api_key",
		"assertion",
		"authorization",
		"bearer",
		"birth",
		"cookie",
		"credential",
		"email",
		"jwt",
		"password",
		"passwd",
		"phone",
		"private_key",
		"secret",
		"session",
		"token",
		"verifier",
	]
	contains(name, part)
}
