package authz.signal_test

import data.authz.signal
import data.cases.authz.signal as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := signal.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
