package authz.mail_link_test

import data.authz.mail_link
import data.cases.authz.mail_link as table
import data.tables

test_decision[case.name] if {
	some case in table.cases
	decision := mail_link.decision with input as tables.input_of(table, case)
		with data.rbac as tables.rbac_of(data.rbac, case)
	tables.met(case, decision)
}
