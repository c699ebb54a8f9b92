/** What the files of this folder use. */
import type { Envelope } from '../../kernel/envelope.ts'
import type { FactorStore } from '../../storage/factors.ts'
import type { OneUseStore } from '../../storage/port.ts'
import type { EndSessionsDeps } from '../session/end-session.ts'
import type { OtherWayIn } from '../sign-in/other-way-in.ts'
import type { SignInDeps } from '../sign-in/proceed.ts'
import type { NotifyDeps } from '../user/notify.ts'
import type { RelyingParty } from './webauthn/relying-party.ts'

export type MfaDeps = SignInDeps &
  NotifyDeps &
  EndSessionsDeps & {
    readonly store: { readonly factors: FactorStore; readonly oneUse: OneUseStore }
    readonly envelope: Envelope
    readonly relyingParty: RelyingParty
    readonly otherWayIn: OtherWayIn
    /** Of self-service: what its navigation leads to. */
    readonly accountPaths: ReadonlySet<string>
  }
