/** From which device somebody who is signed in comes, and what speaks against its being them: as decisions about a person take it. */
import type { HttpRequest } from '../../http/message.ts'
import type { RiskFacts } from '../../policy-engine/contract/risk.ts'
import type { UserRecord } from '../../storage/records.ts'
import type { AssessRisk } from '../threat/risk.ts'
import { type Device, type DeviceDeps, deviceOf } from './device.ts'

export type FacedDeps = DeviceDeps & { readonly assessRisk: AssessRisk }

export interface Faced {
  readonly device: Pick<Device, 'known' | 'remembered'>
  readonly risk: RiskFacts
}

/** Nothing is counted: that they are here is no attempt at anything. */
export async function faced(deps: FacedDeps, request: HttpRequest, user: UserRecord): Promise<Faced> {
  const { userName } = user
  const device = await deviceOf(deps, request, { userName, user })
  const { facts: risk } = await deps.assessRisk(request, { userName, user, device })
  const { known, remembered } = device
  return { device: { known, remembered }, risk }
}
