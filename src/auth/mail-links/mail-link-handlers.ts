/** The pages of links by mail bound to what they use, for the route table. */
import type { HttpRequest } from '../../http/message.ts'
import { type ForgotDeps, forgotPassword, showForgotPassword } from './forgot-password.ts'
import { type ResetDeps, resetPassword, showResetPassword } from './reset-password.ts'
import { type StopEmailChangeDeps, showStopEmailChange, stopEmailChange } from './stop-email-change.ts'
import { showVerifyEmail, type VerifyEmailDeps, verifyEmail } from './verify-email.ts'

export type MailLinksDeps = ForgotDeps & ResetDeps & VerifyEmailDeps & StopEmailChangeDeps

export const mailLinkHandlers = (deps: MailLinksDeps) => ({
  showForgotPassword: (request: HttpRequest) => showForgotPassword(deps, request),
  forgotPassword: (request: HttpRequest) => forgotPassword(deps, request),
  showResetPassword: (request: HttpRequest) => showResetPassword(deps, request),
  resetPassword: (request: HttpRequest) => resetPassword(deps, request),
  showVerifyEmail: (request: HttpRequest) => showVerifyEmail(deps, request),
  verifyEmail: (request: HttpRequest) => verifyEmail(deps, request),
  showStopEmailChange: (request: HttpRequest) => showStopEmailChange(deps, request),
  stopEmailChange: (request: HttpRequest) => stopEmailChange(deps, request),
})
