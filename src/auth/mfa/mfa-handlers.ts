/** The pages of second factors bound to what they use, for the route table. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { showEnrolChoice } from './enrol-choice.ts'
import { enrolPasskey, showEnrolPasskey } from './enrol-passkey.ts'
import { enrolTotp, showEnrolTotp } from './enrol-totp.ts'
import { changeFactors, showFactors } from './factors-page.ts'
import type { MfaDeps } from './mfa-deps.ts'
import { passkeyOptions, passkeyStep, showPasskey } from './passkey-step.ts'
import { recoveryStep, showRecovery } from './recovery-step.ts'
import { showTotp, totpStep } from './totp-step.ts'

export function mfaHandlers(deps: MfaDeps) {
  const bound = (endpoint: (deps: MfaDeps, request: HttpRequest) => Promise<Reply>) => (request: HttpRequest) =>
    endpoint(deps, request)
  return {
    showTotp: bound(showTotp),
    totpStep: bound(totpStep),
    showPasskey: bound(showPasskey),
    passkeyStep: bound(passkeyStep),
    passkeyOptions: bound(passkeyOptions),
    showRecovery: bound(showRecovery),
    recoveryStep: bound(recoveryStep),
    showEnrolChoice: bound(showEnrolChoice),
    showEnrolTotp: bound(showEnrolTotp),
    enrolTotp: bound(enrolTotp),
    showEnrolPasskey: bound(showEnrolPasskey),
    enrolPasskey: bound(enrolPasskey),
    showFactors: bound(showFactors),
    changeFactors: bound(changeFactors),
  }
}
