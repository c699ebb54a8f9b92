package authz.federation_test

import data.authz.federation
import data.cases.authz.federation as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := federation.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
