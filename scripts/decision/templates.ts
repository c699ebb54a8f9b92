/** What `make decision` writes: the least that builds, denies by default and tells what it is about. */

export interface DecisionNames {
  /** As in Rego: `token_exchange`. */
  readonly name: string
  /** As in TypeScript: `device-code`. */
  readonly file: string
  /** `deviceCode`. */
  readonly constant: string
  /** The file that will ask. */
  readonly askedBy: string
}

export const contract = ({ name, constant, askedBy }: DecisionNames): string => `\
/** \`${name}\`: may this client do this? Say here what is decided, and by which specification. */
import { Type } from '../../schema/type.ts'
import { closed, decision } from './decision.ts'
import { Client, RequestFacts, Tenant } from './facts.ts'

export const ${constant} = decision('${name}', {
  askedBy: '${askedBy}',
  input: Type.Object({ tenant: Tenant, client: Client, request: RequestFacts }, closed),
  reasons: {
    client_inactive: 'unauthorized_client',
    tenant_not_allowed: 'unauthorized_client',
  },
  obligations: Type.Object({}, closed),
})
`

export const policy = ({ name, askedBy }: DecisionNames): string => `\
# METADATA
# title: ${name}
# description: May this client do this?
# schemas:
#   - input: schema.authz.${name}.input
#   - data.rbac: schema.data.rbac
# custom:
#   asked_by: ${askedBy}
package authz.${name}

import data.lib.rbac

default allow := false

allow if {
	client_active
	tenant_allowed
}

decision := {"allow": true, "reasons": [], "obligations": {}} if {
	allow
} else := {"allow": false, "reasons": sort(reasons)}

reasons contains "client_inactive" if not client_active

reasons contains "tenant_not_allowed" if not tenant_allowed

client_active if input.client.active

tenant_allowed if rbac.tenant_active(input.tenant)
`

export const test = ({ name }: DecisionNames): string => `\
package authz.${name}_test

import data.authz.${name}
import data.cases.authz.${name} as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := ${name}.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
`

/** As Biome writes it, so that `make check` goes on to what is missing. */
export const cases = ({ name }: DecisionNames): string => `\
{
  "${name}": {
    "bases": {
      "default": {
        "tenant": "default",
        "client": {
          "client_id": "c1",
          "type": "confidential",
          "auth_method": "client_secret_basic",
          "active": true,
          "first_party": false,
          "requires": ["pkce"],
          "grant_types": [],
          "scopes": [],
          "audience": [],
          "resources": [],
          "roles": []
        },
        "request": {
          "address": "203.0.113.7",
          "time": { "epoch_seconds": 1795780800, "minute_of_day": 720, "weekday": 2 }
        }
      }
    },
    "cases": [
      { "name": "an active client", "obligations": {} },
      { "name": "inactive client", "input": { "client": { "active": false } }, "reasons": ["client_inactive"] },
      {
        "name": "suspended tenant",
        "rbac": { "tenants": { "default": { "active": false } } },
        "reasons": ["tenant_not_allowed"]
      }
    ]
  }
}
`
