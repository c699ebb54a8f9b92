# METADATA
# title: Revoke
# description: May this client revoke this token, and what goes with it? RFC 7009.
# schemas:
#   - input: schema.authz.revoke.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/oauth/revoke.ts
package authz.revoke

import data.lib.rbac

default allow := false

allow if {
	client_active
	tenant_allowed
	is_owner
}

decision := {
	"allow": true,
	"reasons": [],
	"obligations": {"revoke": extent},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "client_inactive" if not client_active

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "not_owner" if not is_owner

client_active if input.client.active

tenant_allowed if rbac.tenant_active(input.tenant)

is_owner if input.token.client_id == input.client.client_id

# RFC 7009 section 2.1: a refresh token takes its whole grant along, an access token only itself.
extent := "token" if {
	input.token.kind == "access_token"
} else := "grant"
