# METADATA
# title: Session
# description: >-
#   May this person be signed out now, and what ends with the session? OIDC RP-Initiated Logout 1.0 section 2, OIDC
#   Back-Channel Logout 1.0 section 2.7.
# schemas:
#   - input: schema.authz.session.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/oidc/logout/ask-session.ts
package authz.session

import data.lib.rbac

# `online`: what was given for offline access outlives the session, though its access tokens do not. `all`: nothing does.
revoke_grants := "online"

default allow := false

allow if {
	client_active
	tenant_allowed
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {"confirmation": confirmation, "revoke_grants": revoke_grants},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "client_inactive" if not client_active

reasons contains "tenant_not_allowed" if not tenant_allowed

client_active if input.client.active

# At our own page no client asks.
client_active if not input.client

tenant_allowed if rbac.tenant_active(input.tenant)

default confirmation := "required"

confirmation := "none" if input.confirmed

confirmation := "none" if input.hint == "this_session"

# Nobody is signed in who could be asked.
confirmation := "none" if not input.subject
