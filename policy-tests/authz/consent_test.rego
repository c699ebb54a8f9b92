package authz.consent_test

import data.authz.consent
import data.cases.authz.consent as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := consent.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
