/**
 * The default policy with other terms of registration, as an operator sets them: the suite registers clients by itself, many
 * an hour; as the plans of OpenID Connect have it they send no PKCE, and make their assertions for the token endpoint. Data
 * only; no rule is touched.
 */
import { type BundleFiles, MANIFEST, revisionOf } from '../../../src/policy-engine/bundle/digest.ts'

const DATA = 'data.json'
const SCOPES = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access']
const TERMS = {
  open: true,
  per_hour: 100_000,
  scopes: SCOPES,
  audience: [],
  pkce: 'optional',
  assertion_audience: 'endpoint',
}

const jsonIn = (files: BundleFiles, name: string) => JSON.parse(Buffer.from(files.get(name) ?? '').toString())
const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

export function withOpenRegistration(files: BundleFiles): BundleFiles {
  const data = jsonIn(files, DATA)
  const tenant = data.rbac.tenants.default
  tenant.registration = { ...tenant.registration, ...TERMS }
  const changed = new Map(files).set(DATA, json(data))
  const manifest = jsonIn(files, MANIFEST)
  return changed.set(MANIFEST, json({ ...manifest, revision: revisionOf(changed) }))
}
