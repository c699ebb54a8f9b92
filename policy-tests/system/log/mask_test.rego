package system.log_test

import data.cases.system.log.mask as table
import data.system.log
import data.tables

test_mask[case.name] if {
	some case in table.cases
	mask := log.mask with input as tables.input_of(table, case)
	mask == {operation | some operation in case.result}
}
