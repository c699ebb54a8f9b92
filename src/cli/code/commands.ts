/** `sallyport config plan`, `apply`, `drift`: clients as code, over the admin API of a running instance. */
import { type AdminApi, adminApi } from '../admin/call.ts'
import type { Invocation } from '../command.ts'
import { orRefused, Refused } from '../refused.ts'
import { applyChanges } from './apply.ts'
import { readClients } from './current.ts'
import { type Code, readCode } from './desired.ts'
import { type ClientPlan, planClients } from './plan.ts'
import { checkPolicyNames, type PolicyCheck } from './policy-names.ts'
import { changeLine, report, summary } from './report.ts'

interface Made {
  readonly api: AdminApi
  readonly code: Code
  readonly plan: ClientPlan
  readonly policy: PolicyCheck
}

const DIFFERS = 3

async function make(invocation: Invocation): Promise<Made> {
  const config = invocation.config()
  const code = readCode(config)
  const api = adminApi(invocation)
  const [clients, policy] = await Promise.all([readClients(api), checkPolicyNames(config, invocation, code)])
  const { adopt, empty } = invocation.values
  return { api, code, policy, plan: planClients(code, clients, { adopt: adopt === true, empty: empty === true }) }
}

function show({ plan, policy }: Made, asJson: boolean, extra: object = {}): void {
  const problems = [...plan.problems, ...policy.problems]
  if (asJson) console.log(JSON.stringify({ ...plan, ...policy, problems, ...extra }, null, 2))
  else console.log(report(plan, policy))
}

function refuseProblems({ plan, policy }: Made): void {
  const problems = [...plan.problems, ...policy.problems]
  if (problems.length > 0) throw new Refused(problems.join('\n'))
}

/** Exit codes: 0 what would change is shown, 1 it cannot be applied, 2 wrong usage; with --exit-code 3 where something would. */
export const configPlan = (invocation: Invocation): Promise<number> =>
  orExit(async () => {
    const made = await make(invocation)
    show(made, invocation.values.json === true)
    refuseProblems(made)
    return invocation.values['exit-code'] === true && made.plan.changes.length > 0 ? DIFFERS : 0
  })

/** Exit codes: 0 the instance is as the configuration says, 1 it is not, 2 wrong usage. */
export const configApply = (invocation: Invocation): Promise<number> =>
  orExit(async () => {
    const made = await make(invocation)
    const asJson = invocation.values.json === true
    refuseProblems(made)
    await applyChanges(made.api, made.code, made.plan.changes, (change) => {
      if (!asJson) console.log(changeLine(change))
    })
    if (asJson) show(made, true, { applied: true })
    else console.log(made.plan.changes.length === 0 ? 'Nothing to do.' : `Applied: ${summary(made.plan)}`)
    return 0
  })

/** Exit codes: 0 nothing differs, 3 something does, 1 it cannot be told, 2 wrong usage. */
export const configDrift = (invocation: Invocation): Promise<number> =>
  orExit(async () => {
    const made = await make(invocation)
    const differs = made.plan.changes.length + made.plan.problems.length + made.policy.problems.length > 0
    const { unchecked } = made.policy
    show(made, invocation.values.json === true, { drift: differs || (unchecked === undefined ? false : null) })
    for (const problem of [...made.plan.problems, ...made.policy.problems]) console.error(`sallyport: ${problem}`)
    if (differs) return DIFFERS
    // What was compared is alike: of the rest nothing is known.
    if (unchecked !== undefined) throw new Refused(`not compared with the active policies: ${unchecked}`)
    return 0
  })

async function orExit(run: () => Promise<number>): Promise<number> {
  let code = 0
  const refused = await orRefused(async () => {
    code = await run()
  })
  return refused === 0 ? code : refused
}
