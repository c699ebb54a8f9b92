/**
 * Environment variables that override the file: `SALLYPORT_` and the key's path in capitals, two underscores between its
 * parts (`SALLYPORT_AUTH__PORT`), plus AUTH_PORT and POLICY_PORT. Also `--set path=value`, which reads values the same way.
 */
import { ConfigError } from '../kernel/errors.ts'
import { CONFIG, type Described, keyOf } from './described.ts'
import { type KeyPath, type Layer, layerOf } from './origin.ts'

const PREFIX = 'SALLYPORT_'
const SHORT: Readonly<Record<string, KeyPath>> = { AUTH_PORT: ['auth', 'port'], POLICY_PORT: ['policy', 'port'] }
/** Read by the command line itself. */
const NOT_KEYS = new Set(['SALLYPORT_CONFIG'])
/** What Kubernetes injects for a Service called sallyport-…; no setting of ours. */
const SERVICE_LINK = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_(TCP|UDP)(_\w+)?)$/

export function environmentLayer(env: Readonly<Record<string, string | undefined>>): Layer {
  const entries = Object.entries(env).flatMap(([name, text]) => {
    if (text === undefined || text === '' || NOT_KEYS.has(name)) return []
    const path = SHORT[name] ?? pathOf(name)
    if (!path) return []
    const origin = `environment ${name}`
    const schema = schemaAt(path)
    if (!schema && SERVICE_LINK.test(name) && !name.includes('__')) return []
    if (!schema) throw new ConfigError(`${origin}: names no setting that a text can hold`)
    return [{ path, value: parsed(text, schema), origin }]
  })
  return layerOf(entries, process.cwd())
}

/** `settings` as given to `--set`, each `path=value`. */
export function flagLayer(settings: readonly string[]): Layer {
  const entries = settings.map((setting) => {
    const at = setting.indexOf('=')
    const path = setting.slice(0, Math.max(at, 0)).split('.')
    const origin = `flag --set ${path.join('.')}`
    if (at <= 0) throw new ConfigError(`flag --set ${setting}: needs KEY=VALUE, e.g. auth.port=9000`)
    const schema = schemaAt(path)
    if (!schema) throw new ConfigError(`${origin}: names no setting that a text can hold`)
    return { path, value: parsed(setting.slice(at + 1), schema), origin }
  })
  return layerOf(entries, process.cwd())
}

const pathOf = (name: string): KeyPath | undefined =>
  name.startsWith(PREFIX) ? name.slice(PREFIX.length).toLowerCase().split('__') : undefined

/** The schema of a setting that a text can hold: a scalar, or a list of strings. */
function schemaAt(path: KeyPath): Described | undefined {
  const schema = path.reduce<Described | undefined>(keyOf, CONFIG)
  if (schema?.type === 'array') return schema.items?.type === 'string' ? schema : undefined
  return schema?.type === 'object' ? undefined : schema
}

/** A text that is no number stays a text, so that validation refuses it in its own words. */
function parsed(text: string, schema: Described): unknown {
  if (schema.type === 'integer') return /^-?\d+$/.test(text) ? Number(text) : text
  if (schema.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (schema.type === 'array') return text.split(',').map((part) => part.trim())
  return text
}
