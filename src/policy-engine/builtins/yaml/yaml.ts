/** yaml.marshal, yaml.unmarshal and yaml.is_valid. */
import { BuiltinError, type BuiltinTable } from '../builtin.ts'
import { asString } from '../operands.ts'
import { readYaml } from './read.ts'
import { writeYaml } from './write.ts'

export const YAML: BuiltinTable = {
  'yaml.marshal': (context, value) => writeYaml(context, value ?? null),
  'yaml.unmarshal': (context, text) => readYaml(context, asString(1, text)),
  'yaml.is_valid': (context, text) => {
    if (typeof text !== 'string') return false
    try {
      readYaml(context, text)
      return true
    } catch (error) {
      if (error instanceof BuiltinError) return false
      throw error
    }
  },
}
