package authz.token_test

import data.authz.token
import data.cases.authz.token as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := token.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
