/** The pages of links by mail bound to what they use, for the route table. */
import type { HttpRequest } from '../../http/message.ts'
import { type ForgotDeps, forgotPassword, showForgotPassword } from './forgot-password.ts'
import { type ResetDeps, resetPassword, showResetPassword } from './reset-password.ts'
import { showVerifyEmail, type VerifyEmailDeps, verifyEmail } from './verify-email.ts'

export type MailLinksDeps = ForgotDeps & ResetDeps & VerifyEmailDeps

export const mailLinkHandlers = (deps: MailLinksDeps) => ({
  showForgotPassword: (request: HttpRequest) => showForgotPassword(deps, request),
  forgotPassword: (request: HttpRequest) => forgotPassword(deps, request),
  showResetPassword: (request: HttpRequest) => showResetPassword(deps, request),
  resetPassword: (request: HttpRequest) => resetPassword(deps, request),
  showVerifyEmail: (request: HttpRequest) => showVerifyEmail(deps, request),
  verifyEmail: (request: HttpRequest) => verifyEmail(deps, request),
})
