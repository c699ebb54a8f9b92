# METADATA
# title: Consent
# description: May what the person granted on the consent page be kept and used? OIDC Core section 3.1.2.4.
# schemas:
#   - input: schema.authz.consent.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/login/consent.ts
package authz.consent

import data.lib.rbac
import data.lib.scopes

# How long a confidential client's consent is remembered.
remember_confidential_seconds := 2592000

# Consent phishing: so many people agree to a client within an hour that nobody vouches for and that is younger than a day.
phishing_people := 20

phishing_age_seconds := 86400

default allow := false

allow if {
	client_active
	tenant_allowed
	subject_active
	scope_allowed
	claim_allowed
	something_granted
	trusted
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"scopes": sort(scopes.set_of(input.granted.scopes)),
		"claims": sort(granted_claims),
		"remember_seconds": remember_seconds,
	},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "client_inactive" if not client_active

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "subject_inactive" if not subject_active

reasons contains "scope_not_allowed" if not scope_allowed

reasons contains "claim_not_allowed" if not claim_allowed

reasons contains "nothing_granted" if not something_granted

reasons contains "phishing_suspected" if not trusted

client_active if input.client.active

tenant_allowed if rbac.tenant_active(input.tenant)

subject_active if input.subject.active

scope_allowed if {
	scopes.within(input.granted.scopes, input.requested.scopes)
	scopes.within(input.granted.scopes, scopes.known(input.client.scopes))
}

# OIDC Core section 5.5: claims asked for one by one, which a scope of this client's could release.
claim_allowed if {
	scopes.within(granted_claims, object.get(input.requested, "claims", []))
	scopes.within(granted_claims, scopes.claims(input.client.scopes))
}

granted_claims := {claim | some claim in input.granted.claims}

something_granted if count(input.granted.scopes) > 0

trusted if input.risk.self_registered == false

trusted if input.risk.client_age_seconds >= phishing_age_seconds

trusted if input.risk.people_agreed < phishing_people

# RFC 8252 section 8.6: a public client cannot prove who it is, so its consent is asked for every time.
remember_seconds := remember_confidential_seconds if {
	input.client.type == "confidential"
} else := 0
