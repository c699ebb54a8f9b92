package authz.account_test

import data.authz.account
import data.cases.authz.account as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := account.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
