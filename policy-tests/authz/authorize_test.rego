package authz.authorize_test

import data.authz.authorize
import data.cases.authz.authorize as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := authorize.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
