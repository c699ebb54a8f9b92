/** `sallyport config show`: the configuration in force as YAML, every secret masked. */
import { stringify } from 'yaml'
import { CONFIG, type Described, keyOf } from './described.ts'
import { isRecord } from './origin.ts'
import type { Config } from './schema.ts'

export const MASK = '(set, not shown)'

export const showConfig = (config: Config): string => stringify(masked(CONFIG, config))

/** The same as `/v1/config` shows it: credentials are left out, as OPA leaves them. */
export const publishedConfig = (config: Config): object => withoutCredentials(masked(CONFIG, config)) as object

function withoutCredentials(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCredentials)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'credentials')
      .map(([key, item]) => [key, withoutCredentials(item)]),
  )
}

function masked(schema: Described | undefined, value: unknown): unknown {
  if (schema?.secret === true) return MASK
  if (Array.isArray(value)) return value.map((item) => masked(schema?.items, item))
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked(keyOf(schema, key), item)]))
}
