/** Writes the Kubernetes schemas that deploy/ uses with every definition inlined, as kubeconform reads them offline. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const KINDS = [
  'configmap-v1',
  'deployment-apps-v1',
  'namespace-v1',
  'networkpolicy-networking-v1',
  'poddisruptionbudget-policy-v1',
  'secret-v1',
  'service-v1',
  'serviceaccount-v1',
  'statefulset-apps-v1',
]

const [from = '', to = ''] = process.argv.slice(2)
const definitions: Record<string, unknown> = JSON.parse(readFileSync(join(from, '_definitions.json'), 'utf8')).$defs

/** The kinds above nest nowhere in themselves, so inlining ends. */
function inlined(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(inlined)
  if (typeof schema !== 'object' || schema === null) return schema
  if ('$ref' in schema && typeof schema.$ref === 'string') {
    const name = schema.$ref.split('/$defs/')[1] ?? ''
    if (!(name in definitions)) throw new Error(`no definition for ${schema.$ref}`)
    return inlined(definitions[name])
  }
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, inlined(value)]))
}

mkdirSync(to, { recursive: true })
for (const kind of KINDS) {
  const schema: unknown = JSON.parse(readFileSync(join(from, `${kind}.json`), 'utf8'))
  writeFileSync(join(to, `${kind}.json`), JSON.stringify(inlined(schema)))
}
