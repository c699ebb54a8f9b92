/** What a value costs to cross between a module and the host, in units of fuel: no built-in's row can forget to charge that. */
import { RegoNumber } from '../wasm/number.ts'
import { isArray, RegoObject, type Value } from '../wasm/value.ts'

/** A value of its own: read or written, some 100 ns. */
const VALUE_UNITS = 20

/** A unit for each character of its texts. */
export function unitsOf(value: Value | undefined): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return VALUE_UNITS
  if (value instanceof RegoNumber) return VALUE_UNITS + value.text.length
  let units = VALUE_UNITS
  if (isArray(value)) for (const member of value) units += unitsOf(member)
  else if (value instanceof RegoObject) {
    for (const [key, member] of value.unordered()) units += VALUE_UNITS + unitsOf(key) + unitsOf(member)
  } else for (const member of value.unordered()) units += VALUE_UNITS + unitsOf(member)
  return units
}
