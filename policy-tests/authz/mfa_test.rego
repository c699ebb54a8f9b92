package authz.mfa_test

import data.authz.mfa
import data.cases.authz.mfa as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := mfa.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
