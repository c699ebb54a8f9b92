# METADATA
# title: Session
# description: >-
#   May this person be signed out now, and what ends with the session (OIDC RP-Initiated Logout 1.0 section 2, OIDC
#   Back-Channel Logout 1.0 section 2.7)? May a session go on where something has changed since it was last seen, and may
#   it be bound to a key of its device (Device Bound Session Credentials)?
# schemas:
#   - input: schema.authz.session.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/oidc/logout/ask-session.ts
package authz.session

import data.lib.rbac
import data.lib.threat

# `online`: what was given for offline access outlives the session, though its access tokens do not. `all`: nothing does.
revoke_grants := "online"

# For how long a stolen cookie of a bound session is of use: until then the device need not prove its key again.
proof_seconds := 600

default allow := false

allow if {
	client_active
	tenant_allowed
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {
		"confirmation": confirmation,
		"next": next,
		"proof_seconds": proof_seconds,
		"revoke_grants": revoke_grants,
	},
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

# A session goes on in the same browser, on a device that proved its key if it has one; people change networks all day.
# Who is where they can't have travelled to, or lost a token lately, signs in anew, unless the device itself is proven.
# Whoever comes with the cookie and a wrong proof, or from elsewhere in another browser, has copied it: it ends for everybody.
next := "go_on" if {
	# Of a sign-out that is not asked.
	input.stage == "sign_out"
} else := "end" if {
	copied
} else := "go_on" if {
	same_browser
	device_held
	owner_likely
} else := "step_up"

copied if input.seen.binding == "failed"

copied if {
	input.seen.browser_changed
	input.seen.network_changed
	not key_proven
}

same_browser if input.seen.browser_changed == false

device_held if input.seen.device_bound == false

device_held if key_proven

owner_likely if threat.owner_likely(input.risk)

# A key that is only being bound says nothing of who had the session until now.
owner_likely if {
	input.stage == "continue"
	key_proven
}

key_proven if input.seen.binding == "proven"
