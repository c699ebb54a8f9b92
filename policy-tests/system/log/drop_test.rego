package system.log_test

import data.cases.system.log.drop as table
import data.system.log
import data.tables

test_drop[case.name] if {
	some case in table.cases
	drop := log.drop with input as tables.input_of(table, case)
	drop == case.result
}
