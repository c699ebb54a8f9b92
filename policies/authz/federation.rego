# METADATA
# title: Federation
# description: >-
#   May this person come in by an account at an identity provider, and as whom? An account at a provider is known by the
#   provider's own subject, never by an address; an address that the provider has checked leads at most to the question
#   whether the person can sign in to the account here. OpenID Connect Core section 5.7.
# schemas:
#   - input: schema.authz.federation.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/federation/ask-federation.ts
package authz.federation

import data.lib.network
import data.lib.rbac
import data.lib.threat

# How lately the person must have signed in to change how they sign in.
fresh_seconds := 300

# As long as a session lasts.
keep_seconds := 28800

# Providers that name the organisation they vouch for, and are configured for one: its people come in without an address.
organisations := {"microsoft"}

# What an account that is made takes from the provider, by SCIM name; the address only where the provider has checked it.
attributes := {"displayName", "name.givenName", "name.familyName", "locale", "photos", "emails"}

# Roles of an account that is made, beside those that the configuration maps groups to.
default_roles := {"user"}

# Roles that no provider gives.
own_roles := {"platform_admin", "scim_client", "registrar", "key_keeper", "setup"}

default allow := false

allow if {
	tenant_allowed
	network_allowed
	client_active
	stage_allowed
	calm
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"next": next,
		"step_up": step_up,
		"acr": acr,
		"attributes": sort(copied),
		"roles": sort(given_roles),
		"keep_seconds": keep_seconds,
	},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "network_not_allowed" if not network_allowed

reasons contains "client_inactive" if not client_active

reasons contains "not_signed_in" if {
	needs_session
	not input.authentication
}

reasons contains "subject_inactive" if input.subject.active == false

reasons contains "linked_to_another" if input.linked == "another"

reasons contains "email_not_verified" if {
	comes_new
	not vouched_for
}

reasons contains "email_not_verified" if {
	input.stage == "proved"
	not input.upstream.email_verified
}

# Whoever has it as a name here may have typed it: that account proves it first, by a letter to it.
reasons contains "account_unverified" if input.account == "unverified"

reasons contains "too_risky" if not calm

reasons contains "last_way_in" if input.other_ways == false

tenant_allowed if rbac.tenant_active(input.tenant)

network_allowed if network.allowed(input.tenant, [], input.request.address)

client_active if input.client.active

client_active if own_page

# The person acts on their own account, signed in.
own_page if input.purpose == "link"

needs_session if {
	own_page
	input.stage != "sign_out"
}

needs_session if input.stage == "proved"

stage_allowed if {
	input.stage == "start"
	input.purpose == "sign_in"
}

stage_allowed if {
	input.stage == "start"
	signed_in
}

stage_allowed if {
	input.stage == "entered"
	input.purpose == "sign_in"
	input.linked == "subject"
	input.subject.active
}

stage_allowed if {
	comes_new
	vouched_for
	input.provider.id
	input.account in {"none", "verified"}
}

stage_allowed if {
	input.stage == "entered"
	signed_in
	input.linked in {"nobody", "subject"}
}

# The account of that address was signed in to, as it would be without the provider, and has proven the address here too.
stage_allowed if {
	input.stage == "proved"
	input.purpose == "sign_in"
	input.upstream.email_verified
	input.account == "verified"
	input.linked in {"nobody", "subject"}
	input.subject.active
	input.authentication
}

stage_allowed if {
	input.stage == "list"
	signed_in
}

stage_allowed if {
	input.stage == "unlink"
	signed_in
	input.other_ways
}

stage_allowed if {
	input.stage == "sign_out"
	own_page
}

# While sign-ins fail everywhere nobody new is let in, and who guessed their way to an account links nothing to it.
calm if not stormy

stormy if {
	comes_new
	input.account == "none"
	input.risk.surge
}

stormy if {
	input.authentication
	threat.guessed_at(input.risk)
}

signed_in if {
	own_page
	input.subject.active
	input.authentication
}

comes_new if {
	input.stage == "entered"
	input.purpose == "sign_in"
	input.linked == "nobody"
}

vouched_for if input.upstream.email_verified

vouched_for if {
	input.provider.kind in organisations
	input.upstream.organisation
}

next := "provider" if {
	input.stage == "start"
} else := "enter" if {
	input.stage == "entered"
	input.purpose == "sign_in"
	input.linked == "subject"
} else := "create" if {
	comes_new
	input.account == "none"
} else := "prove" if {
	comes_new
} else := "link" if {
	input.stage in {"entered", "proved"}
	input.linked == "nobody"
} else := "none"

default step_up := "none"

step_up := "required" if {
	own_page
	input.stage in {"start", "unlink"}
	input.request.time.epoch_seconds - input.authentication.primary_time > fresh_seconds
}

# A sign-in from here says that they are.
step_up := "required" if {
	own_page
	input.stage in {"start", "unlink"}
	input.risk.impossible_travel
}

# A provider's word is worth a password: what it says of second factors counts where a rule here says so.
acr := "urn:sallyport:acr:password"

copied contains attribute if {
	next == "create"
	some attribute in attributes
	attribute_vouched_for(attribute)
}

attribute_vouched_for(attribute) if attribute != "emails"

attribute_vouched_for("emails") if input.upstream.email_verified

given_roles contains role if {
	next == "create"
	some role in default_roles
}

given_roles contains role if {
	next == "create"
	some role in input.upstream.roles
	data.rbac.roles[role]
	not role in own_roles
}
