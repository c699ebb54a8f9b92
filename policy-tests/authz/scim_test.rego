package authz.scim_test

import data.authz.scim
import data.cases.authz.scim as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := scim.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
