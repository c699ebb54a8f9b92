/** For tests: what a sign-in needs beside an endpoint's surroundings; a person has their password, and failures are counted. */
import type { Surroundings } from '../session/endpoint-fixture.ts'
import type { AskLoginDeps } from './ask-login.ts'
import { assessFailures } from './failures.ts'

export const signInSurroundings = <S extends Surroundings>(
  around: S,
): S & Pick<AskLoginDeps, 'enrolled' | 'assessRisk'> => ({
  ...around,
  enrolled: async (_tenant, { passwordHash }) => (passwordHash === undefined ? [] : ['password']),
  assessRisk: assessFailures(around.store.limits),
})
