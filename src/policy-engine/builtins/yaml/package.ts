/** The `yaml` package, loaded when a policy first calls for it: most never do, and each thread would hold its nine megabytes. */
import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'

const require = createRequire(import.meta.url)
let loaded: typeof Yaml | undefined

export function yaml(): typeof Yaml {
  loaded ??= require('yaml') as typeof Yaml
  return loaded
}
