package system.log_test

import data.cases.system.log.line as table
import data.system.log
import data.tables

test_line[case.name] if {
	some case in table.cases
	line := log.line with input as tables.input_of(table, case)
	line == {"drop": case.result.drop, "mask": {operation | some operation in case.result.mask}}
}
