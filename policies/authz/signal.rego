# METADATA
# title: Signal
# description: >-
#   May this receiver hear of this security event about this person, and what of it? May this client make, read,
#   change or poll this stream? OpenID Shared Signals Framework 1.0 section 8.1, RFC 8935, RFC 8936, OpenID CAEP 1.0.
# schemas:
#   - input: schema.authz.signal.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/signals/ask-signal.ts
package authz.signal

import data.lib.rbac
import data.lib.scopes

default allow := false

allow if {
	tenant_allowed
	client_active
	event_present
	stream_described
	acquainted
	token_active
	scope_held
	meant_for_platform
	is_receiver
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {"reasons": told, "claims": sort(claims)},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "client_inactive" if not client_active

reasons contains "event_missing" if not event_present

reasons contains "stream_missing" if not stream_described

reasons contains "stranger" if not acquainted

reasons contains "token_inactive" if not token_active

reasons contains "scope_missing" if not scope_held

reasons contains "audience_wrong" if not meant_for_platform

reasons contains "not_receiver" if not is_receiver

tenant_allowed if rbac.tenant_active(input.tenant)

client_active if input.client.active

# The operator named it, and nobody else is behind it.
client_active if input.receiver.kind == "webhook"

# What an event is about is asked of events, who asks is asked at endpoints.
is_event if input.action == "send"

at_endpoint if {
	input.action in {"poll", "read", "create", "configure", "delete", "update", "verify"}
	input.receiver.kind == "stream"
}

event_present if {
	is_event
	input.event.type != ""
}

event_present if at_endpoint

# Where it leads to is asked of a stream that is made or becomes another.
makes_stream if input.action in {"create", "configure"}

stream_described if not makes_stream

stream_described if {
	at_endpoint
	input.stream.delivery in {"push", "poll"}
}

# A client hears of those who signed in to it, so that no stream tells who else has an account here.
acquainted if {
	is_event
	input.relation in {"session", "grant"}
}

acquainted if {
	is_event
	input.receiver.kind == "webhook"
}

# For the organisation's own monitoring.
acquainted if {
	is_event
	"signals:everyone" in rbac.role_permissions(input.client.roles)
}

acquainted if at_endpoint

token_active if is_event

token_active if {
	at_endpoint
	input.actor.active
}

scope_held if is_event

scope_held if {
	at_endpoint
	permission in rbac.scope_permissions(rbac.held_at(input.actor.scopes, rbac.acr_of(input.actor)))
}

permission := "signals:read" if {
	input.action in {"poll", "read"}
} else := "signals:manage"

meant_for_platform if is_event

meant_for_platform if {
	at_endpoint
	"urn:sallyport:platform" in input.actor.audience
}

is_receiver if is_event

# A stream is its client's own, which speaks for itself and for no person.
is_receiver if {
	at_endpoint
	input.actor.kind == "client"
	input.actor.client_id == input.client.client_id
}

# Why something happened to a person is the organisation's own business.
default told := "none"

told := "told" if input.client.first_party

told := "told" if input.receiver.kind == "webhook"

# Values go to who could read them at userinfo; roles to the organisation's own clients.
claims := {claim |
	some claim in input.event.claims
	claim in releasable
}

releasable := scopes.claims(input.scopes) | own_claims

own_claims := {"roles"} if {
	input.client.first_party
} else := set()
