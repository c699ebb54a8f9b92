package authz.admin_test

import data.authz.admin
import data.cases.authz.admin as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := admin.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
