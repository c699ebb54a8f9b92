package authz.introspect_test

import data.authz.introspect
import data.cases.authz.introspect as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := introspect.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
