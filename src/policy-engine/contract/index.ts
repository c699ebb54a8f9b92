/** The registry: every decision that the code asks. A new one enters together with the code that asks it. */
import { account } from './account.ts'
import { admin } from './admin.ts'
import { authorize } from './authorize.ts'
import { consent } from './consent.ts'
import type { Decision, InputOf, ResultOf } from './decision.ts'
import { federation } from './federation.ts'
import { introspect } from './introspect.ts'
import { login } from './login.ts'
import { mailLink } from './mail-link.ts'
import { mfa } from './mfa.ts'
import { register } from './register.ts'
import { revoke } from './revoke.ts'
import { scim } from './scim.ts'
import { session } from './session.ts'
import { signal } from './signal.ts'
import { threat } from './threat.ts'
import { token } from './token.ts'
import { userinfo } from './userinfo.ts'

export const DECISIONS = {
  authorize,
  token,
  introspect,
  revoke,
  userinfo,
  login,
  mfa,
  consent,
  session,
  signal,
  scim,
  admin,
  register,
  threat,
  federation,
  account,
  mail_link: mailLink,
} as const satisfies Record<string, Decision>

export type DecisionName = keyof typeof DECISIONS
export type DecisionInput<N extends DecisionName> = InputOf<(typeof DECISIONS)[N]>
export type DecisionResult<N extends DecisionName> = ResultOf<(typeof DECISIONS)[N]>
export type Obligations<N extends DecisionName> = Extract<DecisionResult<N>, { allow: true }>['obligations']
export type Reason<N extends DecisionName> = keyof (typeof DECISIONS)[N]['reasons'] & string
