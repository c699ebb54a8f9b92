/**
 * Loads the configuration: defaults, then the file, then the environment, then flags. A wrong key or value stops the start,
 * named by file and line, by variable or by flag.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError } from '../kernel/errors.ts'
import { withDefaults } from '../schema/defaults.ts'
import { compile } from '../schema/validator.ts'
import { CONFIG, type Described, keyOf } from './described.ts'
import { environmentLayer, flagLayer } from './environment.ts'
import { fileLayer } from './file.ts'
import { dotted, fromPointer, isRecord, type KeyPath, type Layer, merge } from './origin.ts'
import { objections } from './rules.ts'
import { type Config, ConfigSchema } from './schema.ts'

export interface ConfigSources {
  /** Must exist when given; without it `sallyport.yaml` in the working folder is read if it is there. */
  readonly file?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Each `path=value`. */
  readonly settings?: readonly string[] | undefined
  /** Values below the file, above the defaults. */
  readonly under?: Readonly<Record<string, unknown>> | undefined
}

const DEFAULT_FILE = 'sallyport.yaml'

const validator = compile(ConfigSchema)

const origins = new WeakMap<Config, (path: KeyPath) => string>()

/** Where a value of a loaded configuration stands, for objections of those who read it: `sallyport.yaml:12: `, or empty. */
export const placeIn = (config: Config, path: KeyPath): string => origins.get(config)?.(path) ?? ''

/** Throws ConfigError with every objection, one a line. */
export function loadConfig(sources: ConfigSources): Config {
  const file = sources.file ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined)
  const layers: readonly Layer[] = [
    ...(file === undefined ? [] : [fileLayer(file)]),
    environmentLayer(sources.env),
    flagLayer(sources.settings ?? []),
  ]
  const given = layers.map((layer) => withAbsolutePaths(CONFIG, layer.values, layer.folder))
  const merged = given.reduce<unknown>(merge, sources.under ?? {})
  const config = withDefaults(ConfigSchema, merged)
  const report = (path: KeyPath, message: string) => `${placeOf(layers, path)}${dotted(path)} ${message}`
  if (!validator.check(config)) throw new ConfigError(schemaObjections(config, report).join('\n'))
  const refused = objections(config)
  if (refused.length > 0) throw new ConfigError(refused.map(({ path, message }) => report(path, message)).join('\n'))
  origins.set(config, (path) => placeOf(layers, path))
  return config
}

/** The origin of the value, or of the nearest thing around it that was configured. */
function placeOf(layers: readonly Layer[], path: KeyPath): string {
  for (let length = path.length; length > 0; length--) {
    for (const layer of layers.toReversed()) {
      const origin = layer.origin(path.slice(0, length))
      if (origin !== undefined) return `${origin}: `
    }
  }
  return ''
}

function schemaObjections(config: unknown, report: (path: KeyPath, message: string) => string): readonly string[] {
  const lines = validator.faults(config).flatMap((error) => {
    const path = fromPointer(error.instancePath)
    if (error.keyword === 'additionalProperties') return []
    if (error.keyword === 'boolean') return [report(path, 'is no known setting')]
    if (error.keyword === 'enum') return [report(path, `must be one of ${allowedValues(error.params)}`)]
    return [report(path, error.message)]
  })
  return [...new Set(lines)]
}

function allowedValues(params: unknown): string {
  const values = isRecord(params) ? params.allowedValues : undefined
  return Array.isArray(values) ? values.join(', ') : 'the allowed values'
}

/** Paths are read from the folder of the file that names them; those of variables and flags from the working folder. */
function withAbsolutePaths(schema: Described | undefined, value: unknown, folder: string): unknown {
  if (schema?.path === true && typeof value === 'string') return resolve(folder, value)
  if (Array.isArray(value)) return value.map((item) => withAbsolutePaths(schema?.items, item, folder))
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withAbsolutePaths(keyOf(schema, key), item, folder)]),
  )
}
