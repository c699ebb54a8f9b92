# METADATA
# title: Userinfo
# description: Which claims about the person does this access token release? OIDC Core sections 5.3 and 5.4.
# schemas:
#   - input: schema.authz.userinfo.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: src/auth/oidc/userinfo.ts
package authz.userinfo

import data.lib.rbac
import data.lib.scopes

default allow := false

allow if {
	tenant_allowed
	token_active
	subject_present
	subject_active
	scope_held
}

# METADATA
# description: Every fact that it reads is in its input, so an answer holds for the same input.
# custom:
#   cache_ttl_seconds: 30
decision := {
	"allow": true,
	"reasons": [],
	"obligations": {"claims": sort(scopes.claims(input.token.scopes))},
} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "tenant_not_allowed" if not tenant_allowed

reasons contains "token_inactive" if not token_active

reasons contains "subject_missing" if not subject_present

reasons contains "subject_inactive" if not subject_active

reasons contains "scope_missing" if not scope_held

tenant_allowed if rbac.tenant_active(input.tenant)

token_active if {
	input.token.kind == "access_token"
	input.token.active
}

subject_present if input.subject.sub == input.token.sub

subject_active if input.subject.active

scope_held if "openid" in input.token.scopes
