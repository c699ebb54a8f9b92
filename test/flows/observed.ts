/** For tests: what is looked at from outside, and what is seen there. */
import type { Deployment } from '../servers/deployment.ts'

/** `decision.obligation` → what a client, a browser or an administrator sees of it. */
export type Observed = Readonly<Record<string, unknown>>

/** A deployment as one person meets it. */
export type Met = Pick<Deployment, 'issuer' | 'population' | 'audits'>
