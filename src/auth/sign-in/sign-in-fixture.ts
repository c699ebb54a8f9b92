/** For tests: what a sign-in needs beside an endpoint's surroundings; a person has their password, and failures are counted. */
import { noMail } from '../../mail/mailer.ts'
import type { Surroundings } from '../session/endpoint-fixture.ts'
import type { AssessClient } from '../threat/client-risk.ts'
import { testThreats } from '../threat/threat-fixture.ts'
import type { SignInDeps } from './proceed.ts'

export const signInSurroundings = <S extends Surroundings>(
  around: S,
): S & Pick<SignInDeps, 'assessRisk' | 'mail'> & { readonly assessClient: AssessClient } => ({
  ...around,
  mail: noMail,
  assessRisk: testThreats(around).assessRisk,
  assessClient: testThreats(around).assessClient,
})
