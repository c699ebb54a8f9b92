/** For tests: a file for the supervisor to fork, the policy service with its marks in a file. */
import { createLogger } from '../../observability/logger.ts'
import { fileMarks } from '../life/file-marks.ts'
import { type PolicyServiceOptions, startPolicyService } from '../service.ts'
import { serveSupervised } from './supervised.ts'

/** Structured-cloneable, as `supervise` hands it over. */
export interface PolicyProcessOptions extends Omit<PolicyServiceOptions, 'marks' | 'logger'> {
  readonly marksFile: string
  readonly logLevel?: string
}

export const POLICY_PROCESS = new URL(import.meta.url)

if (process.send !== undefined && process.argv[1] === POLICY_PROCESS.pathname) {
  serveSupervised((given) => {
    const { marksFile, logLevel = 'info', ...options } = given as PolicyProcessOptions
    const logger = createLogger({ level: logLevel, name: 'policy-service' })
    return startPolicyService({ ...options, marks: fileMarks(marksFile), logger })
  })
}
