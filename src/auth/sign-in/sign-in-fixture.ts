/** For tests: what a sign-in needs beside an endpoint's surroundings; a person has their password, and failures are counted. */
import { noMail } from '../../mail/mailer.ts'
import type { Surroundings } from '../session/endpoint-fixture.ts'
import { assessFailures } from './failures.ts'
import type { SignInDeps } from './proceed.ts'

export const signInSurroundings = <S extends Surroundings>(
  around: S,
): S & Pick<SignInDeps, 'enrolled' | 'assessRisk' | 'mail'> => ({
  ...around,
  enrolled: async (_tenant, { passwordHash }) => (passwordHash === undefined ? [] : ['password']),
  mail: noMail,
  assessRisk: assessFailures(around.store.limits),
})
