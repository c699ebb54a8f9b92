/**
 * The pages of second factors bound to what they use, for the route table. Each is loaded when it is first asked for: their
 * libraries take some 50 MB, which a node that serves tokens alone does without.
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { MfaDeps } from './mfa-deps.ts'

type Endpoint = (deps: MfaDeps, request: HttpRequest) => Promise<Reply>

export function mfaHandlers(deps: MfaDeps) {
  const bound = (load: () => Promise<Endpoint>) => async (request: HttpRequest) => (await load())(deps, request)
  const passkey = () => import('./passkey-step.ts')
  const totp = () => import('./totp-step.ts')
  const recovery = () => import('./recovery-step.ts')
  const enrolTotp = () => import('./enrol-totp.ts')
  const enrolPasskey = () => import('./enrol-passkey.ts')
  const factors = () => import('./factors-page.ts')
  return {
    showTotp: bound(async () => (await totp()).showTotp),
    totpStep: bound(async () => (await totp()).totpStep),
    showPasskey: bound(async () => (await passkey()).showPasskey),
    passkeyStep: bound(async () => (await passkey()).passkeyStep),
    passkeyOptions: bound(async () => (await passkey()).passkeyOptions),
    showRecovery: bound(async () => (await recovery()).showRecovery),
    recoveryStep: bound(async () => (await recovery()).recoveryStep),
    showEnrolChoice: bound(async () => (await import('./enrol-choice.ts')).showEnrolChoice),
    showEnrolTotp: bound(async () => (await enrolTotp()).showEnrolTotp),
    enrolTotp: bound(async () => (await enrolTotp()).enrolTotp),
    showEnrolPasskey: bound(async () => (await enrolPasskey()).showEnrolPasskey),
    enrolPasskey: bound(async () => (await enrolPasskey()).enrolPasskey),
    showFactors: bound(async () => (await factors()).showFactors),
    changeFactors: bound(async () => (await factors()).changeFactors),
  }
}
