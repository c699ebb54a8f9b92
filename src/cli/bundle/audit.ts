/** Acts on bundles as events of the audit log. */
import type { Audit } from '../../audit/events.ts'
import type { BundleAudit } from '../../policy-engine/life/desk.ts'

/** Bundles are the platform's, of no tenant but the one there is. */
const TENANT = 'default'

export const bundleAudit =
  (audit: Audit): BundleAudit =>
  ({ event, bundle, version, by }) =>
    audit({
      event,
      tenant: TENANT,
      client_id: by,
      resource: version === undefined ? `bundle/${bundle}` : `bundle/${bundle}/${version}`,
    })
