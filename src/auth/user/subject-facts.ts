/** The facts that decisions take of a person: pseudonymous, and no profile value among them. */
import type { UserRecord } from '../../storage/records.ts'

export interface SubjectFacts {
  readonly sub: string
  readonly active: boolean
  readonly roles: string[]
}

export const subjectFacts = (user: UserRecord): SubjectFacts => ({
  sub: user.sub,
  active: user.active,
  roles: [...user.roles],
})
