package authz.session_test

import data.authz.session
import data.cases.authz.session as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := session.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
