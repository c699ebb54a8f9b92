package authz.userinfo_test

import data.authz.userinfo
import data.cases.authz.userinfo as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := userinfo.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
