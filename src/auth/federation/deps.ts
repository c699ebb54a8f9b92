/** What the steps of federation use. */
import type { Envelope } from '../../kernel/envelope.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { IdentityStore, OneUseStore, UserStore } from '../../storage/port.ts'
import type { OtherWayIn } from '../sign-in/other-way-in.ts'
import type { SignInDeps } from '../sign-in/proceed.ts'
import type { NotifyDeps } from '../user/notify.ts'
import type { Providers } from './provider/open.ts'

export type FederationDeps = SignInDeps &
  NotifyDeps & {
    readonly store: {
      readonly identities: IdentityStore
      readonly oneUse: OneUseStore
      readonly users: Pick<UserStore, 'find' | 'findByUserName' | 'findBySignInName' | 'findByVerifiedEmail'>
    }
    readonly providers: Providers
    readonly otherWayIn: OtherWayIn
    /** Pages of self-service, for their navigation. */
    readonly accountPaths: ReadonlySet<string>
    readonly envelope: Envelope
    readonly logger: Pick<Logger, 'warn'>
    readonly federationMetrics: Metrics['federation']
  }
