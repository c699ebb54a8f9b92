package authz.register_test

import data.authz.register
import data.cases.authz.register as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := register.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
