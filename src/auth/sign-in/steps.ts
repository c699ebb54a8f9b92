/** The page of each step that `login` may want next. */
import type { Reply } from '../../http/message.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'

type Next = Exclude<Obligations<'login'>['next'], 'none'>

const PATHS: Readonly<Record<Next, string>> = {
  password: '/login/password',
  totp: '/mfa/totp',
  passkey: '/mfa/passkey',
  recovery_code: '/mfa/recovery',
  enrol: '/mfa/enrol',
}

/** `none` is no step: where policy wants nothing more and nothing was proven, the sign-in begins. */
export const stepAt = (next: Obligations<'login'>['next'], id: string): string =>
  `${next === 'none' ? '/login' : PATHS[next]}?interaction=${encodeURIComponent(id)}`

/** The sign-in begins anew, in what waits already. */
export const loginAt = (id: string): Reply => ({ status: 303, headers: { location: stepAt('none', id) } })
