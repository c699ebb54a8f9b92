package authz.threat_test

import data.authz.threat
import data.cases.authz.threat as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := threat.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
