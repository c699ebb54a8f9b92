package authz.revoke_test

import data.authz.revoke
import data.cases.authz.revoke as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := revoke.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
