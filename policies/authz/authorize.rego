# METADATA
# title: Authorize
# description: >-
#   May this client, then this person through it, have a code? RFC 6749 section 4.1.1, RFC 7636, RFC 8707, RFC 9126,
#   RFC 9470, OIDC Core section 3.1.2.
# schemas:
#   - input: schema.authz.authorize.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/oauth/client-stage.ts
package authz.authorize

import data.lib.network
import data.lib.rbac
import data.lib.scopes
import data.lib.threat

# At most 60 (RFC 6749 section 4.1.2 advises 600; FAPI 2.0 demands 60).
code_ttl_seconds := 60

# Of a pushed request (RFC 9126 section 2.2): how long it may be begun.
request_uri_ttl_seconds := 60

# Of a device's request (RFC 8628 section 3.2). Guessing its user code is limited to a few tries in that time.
device_code_ttl_seconds := 600

device_interval_seconds := 5

# So young a sign-in was made for what is asked, where it is not known which request it was for (RFC 8628).
just_now_seconds := 60

# Levels that a new sign-in can reach; what `login` gives.
reachable_acr := {"urn:sallyport:acr:password", "urn:sallyport:acr:mfa", "urn:sallyport:acr:phishing_resistant"}

default allow := false

allow if {
	input.stage == "client"
	client_allowed
}

allow if {
	input.stage == "subject"
	client_allowed
	subject_active
	role_held
	within_hours
	acr_sufficient
}

client_allowed if {
	client_active
	grant_allowed
	response_type_supported
	pkce_used
	pushed_where_required
	acr_known
	scope_allowed
	resource_allowed
	network_allowed
	tenant_allowed
	client_trusted
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"scopes": sort(granted),
		"audience": sort(audience),
		"claims": sort(granted_claims),
		"consent": consent,
		"sign_in": sign_in,
		"code_ttl_seconds": code_ttl_seconds,
		"request_uri_ttl_seconds": request_uri_ttl_seconds,
		"device_code_ttl_seconds": device_code_ttl_seconds,
		"device_interval_seconds": device_interval_seconds,
	},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "client_inactive" if not client_active

reasons contains "grant_not_allowed" if not grant_allowed

reasons contains "response_type_unsupported" if not response_type_supported

reasons contains "pkce_required" if not pkce_used

reasons contains "par_required" if not pushed_where_required

reasons contains "acr_insufficient" if not acr_known

reasons contains "scope_not_allowed" if not scope_allowed

reasons contains "resource_not_allowed" if not resource_allowed

reasons contains "network_not_allowed" if not network_allowed

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "phishing_suspected" if not client_trusted

reasons contains "subject_inactive" if {
	input.stage == "subject"
	not subject_active
}

reasons contains "role_missing" if {
	input.stage == "subject"
	not role_held
}

reasons contains "outside_hours" if {
	input.stage == "subject"
	not within_hours
}

reasons contains "acr_insufficient" if {
	input.stage == "subject"
	not acr_sufficient
}

client_active if input.client.active

grant_allowed if {
	not for_device
	"authorization_code" in input.client.grant_types
}

grant_allowed if {
	for_device
	"urn:ietf:params:oauth:grant-type:device_code" in input.client.grant_types
}

# RFC 8628: the device asks us itself, and nothing comes back through a browser.
for_device if input.requested.flow == "device"

response_type_supported if input.requested.response_type == "code"

response_type_supported if for_device

# RFC 9700 section 2.1.1; `plain` protects nothing.
pkce_used if input.requested.code_challenge_method == "S256"

# A confidential client may be registered without: some certification plans send none.
pkce_used if {
	input.requested.code_challenge_method == "none"
	input.client.type == "confidential"
	not "pkce" in input.client.requires
}

pkce_used if for_device

# RFC 9126 section 6.
pushed_where_required if not "par" in input.client.requires

pushed_where_required if input.requested.pushed

pushed_where_required if for_device

# A level that nobody can have is refused before anyone signs in for it.
acr_known if count(essential_acr) == 0

acr_known if {
	some acr in essential_acr
	acr in data.rbac.acr
}

scope_allowed if scopes.within(input.requested.scopes, scopes.known(input.client.scopes))

resource_allowed if {
	count(audience) > 0
	scopes.within(input.requested.resources, input.client.audience)
}

network_allowed if network.allowed(input.tenant, scopes.known(input.requested.scopes), input.request.address)

tenant_allowed if rbac.tenant_active(input.tenant)

# Whom `consent` would refuse is not shown a page of ours in between.
client_trusted if not is_lure

is_lure if threat.lure(input.risk)

subject_active if input.subject.active

# An API's scope that carries permissions is for people who hold at least one of them.
role_held if {
	every scope in scopes.for_machines(input.requested.scopes) {
		of_use(scope)
	}
}

of_use(scope) if count(rbac.scope_permissions([scope])) == 0

of_use(scope) if count(rbac.permissions(input.subject.roles, [scope])) > 0

within_hours if rbac.within_hours(input.subject.roles, input.request.time)

# The session does, or a sign-in that has not been tried yet may (OIDC Core section 5.5.1.1, RFC 9470 section 5).
acr_sufficient if input.authentication.acr in sufficient_acr

acr_sufficient if {
	not input.signed_in_here
	some acr in reachable_acr
	acr in sufficient_acr
}

# What the person's roles, the scopes and the client itself demand.
sufficient_acr := {acr |
	some acr in ({input.authentication.acr} | reachable_acr)
	rbac.acr_sufficient(input.subject.roles, acr)
	rbac.scopes_acr_met(granted, acr)
	essential(acr, essential_acr)
}

essential(_, levels) if count(levels) == 0

essential(acr, levels) if acr in levels

essential_acr := object.get(input.requested, "essential_acr", [])

default sign_in := "none"

sign_in := "required" if {
	input.stage == "subject"
	not input.authentication.acr in sufficient_acr
}

# Scopes that are for those who signed in lately.
sign_in := "required" if {
	input.stage == "subject"
	not input.signed_in_here
	input.request.time.epoch_seconds - input.authentication.auth_time > rbac.scopes_max_age(granted)
}

# What may be a trap is entered by nobody who happened to be signed in and clicked.
sign_in := "required" if {
	not input.signed_in_here
	threat.lure_suspected(input.risk)
	input.request.time.epoch_seconds - input.authentication.auth_time > just_now_seconds
}

# OIDC Core section 3.1.2.1: levels that the client would like are worth a sign-in where the account can have one of them, but
# no error.
sign_in := "required" if {
	input.stage == "subject"
	not input.signed_in_here
	not silent
	some acr in input.requested.acr_values
	rbac.level(acr) <= rbac.reachable_level(untried)
	not wish_met
}

# What the account has, but what showed in this session already all that it does.
untried contains factor if {
	some factor in input.enrolled
	not spent(factor)
}

# A security key that need not verify its user, beside another factor.
spent("passkey") if {
	rbac.passkey_verification(input.tenant) != "required"
	"pop" in input.authentication.amr
	rbac.level(input.authentication.acr) >= rbac.level("urn:sallyport:acr:mfa")
}

wish_met if {
	some acr in input.requested.acr_values
	rbac.level(acr) <= rbac.level(input.authentication.acr)
}

silent if "none" in input.requested.prompt

granted := scopes.set_of(input.requested.scopes) - ignored

# OIDC Core section 11: ignored for a client that cannot refresh, and where nobody agreed to it or will be asked.
ignored contains "offline_access" if not "refresh_token" in input.client.grant_types

ignored contains "offline_access" if not offline_agreed

# A password that was guessed gives nothing that outlives the session.
ignored contains "offline_access" if {
	threat.stuffed_from(input.risk)
	rbac.level(input.authentication.acr) < rbac.level("urn:sallyport:acr:mfa")
}

# The consent page names it.
offline_agreed if not silent

offline_agreed if "offline_access" in input.consented_scopes

# The house's own client is trusted with it.
offline_agreed if input.client.first_party

# OIDC Core section 5.5: of the claims asked for one by one those that a scope of this client's could release.
granted_claims := {claim |
	some claim in input.requested.claims
	claim in scopes.claims(input.client.scopes)
}

audience := scopes.set_of(input.requested.resources) if {
	count(input.requested.resources) > 0
} else := scopes.audience(input.tenant, scopes.known(granted))

# OIDC Core section 3.1.2.4. The client stage precedes any person, so it cannot know of a consent.
default consent := "required"

consent := "none" if {
	input.client.first_party
	client_evident
}

consent := "none" if {
	scopes.within(granted, input.consented_scopes)
	claims_consented
}

# RFC 8252 section 8.6: any app on the device can pass for a public client that is answered at a loopback address or a
# scheme of its own.
client_evident if input.client.type == "confidential"

client_evident if input.requested.redirect == "https"

claims_consented if {
	every claim in granted_claims {
		claim_consented(claim)
	}
}

claim_consented(claim) if claim in input.consented_claims

claim_consented(claim) if claim in scopes.claims(input.consented_scopes)
