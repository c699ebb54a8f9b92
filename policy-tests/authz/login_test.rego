package authz.login_test

import data.authz.login
import data.cases.authz.login as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := login.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
