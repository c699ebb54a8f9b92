# METADATA
# title: Case tables
# description: >-
#   Reads the tables under cases/, which `opa test` and the tests of the compiled bundle share. A case is a base input and
#   the differences from it; `without` names pointers that it lacks; `rbac` differs from the shipped data.rbac.
package tables

input_of(table, case) := json.remove(
	object.union(base_of(table, case), object.get(case, "input", {})),
	object.get(case, "without", []),
)

base_of(table, case) := table.bases[object.get(case, "base", "default")]

rbac_of(shipped, case) := object.union(shipped, object.get(case, "rbac", {}))

# A case that allows names the obligations it is about, one that denies all reasons.
met(case, decision) if {
	decision == {"allow": true, "reasons": [], "obligations": object.union(decision.obligations, {})}
	every name, value in case.obligations {
		decision.obligations[name] == value
	}
}

met(case, decision) if decision == {"allow": false, "reasons": case.reasons}
