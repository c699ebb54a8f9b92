package system.authz_test

import data.cases.system.authz as table
import data.system.authz
import data.tables

test_allow[case.name] if {
	some case in table.cases
	allow := authz.allow with input as tables.input_of(table, case)
	allow == case.result
}
