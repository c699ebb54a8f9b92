/** For tests: what a sign-in needs beside an endpoint's surroundings; a person has their password, and no browser is known. */
import type { Surroundings } from '../session/endpoint-fixture.ts'
import type { AskLoginDeps } from './ask-login.ts'
import { assessFailures } from './failures.ts'

export const signInSurroundings = <S extends Surroundings>(
  around: S,
): S & Pick<AskLoginDeps, 'enrolled' | 'deviceOf' | 'assessRisk'> => ({
  ...around,
  enrolled: async (_tenant, { passwordHash }) => (passwordHash === undefined ? [] : ['password']),
  deviceOf: async () => ({ known: false, remembered: false }),
  assessRisk: assessFailures(around.store.limits),
})
