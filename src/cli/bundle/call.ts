/** Asks the policy API of a running instance about its bundles; `system.authz` judges who asks. */
import type { BundleRecord } from '../../policy-engine/life/desk.ts'
import type { Invocation } from '../command.ts'
import { noAnswer } from '../no-answer.ts'
import { callerHeaders, policyAddress } from '../policy-address.ts'
import { Refused, saidWhen } from '../refused.ts'

/** A source may take as long to answer. */
const DEADLINE_MS = 60_000

export const listBundles = async (invocation: Invocation): Promise<readonly BundleRecord[]> =>
  (await call(invocation, '/v1/bundles')) as readonly BundleRecord[]

export const actOnBundle = async (invocation: Invocation, act: string, body: object): Promise<BundleRecord> =>
  (await call(invocation, `/v1/bundles/${act}`, body)) as BundleRecord

async function call(invocation: Invocation, path: string, body?: object): Promise<unknown> {
  const config = invocation.config()
  const base = policyAddress(config, invocation)
  const headers = { 'content-type': 'application/json', ...callerHeaders(config, invocation) }
  const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  let answer: Response
  try {
    answer = await fetch(new URL(path, base), { ...post, headers, signal: AbortSignal.timeout(DEADLINE_MS) })
  } catch (error) {
    throw new Refused(`the policy API ${noAnswer(error, base, 'is the instance running? Give --url')}`)
  }
  const said = readJson(await answer.text())
  if (answer.ok && 'result' in said) return said.result
  if (answer.status === 401 || answer.status === 403)
    throw new Refused(`${refusalOf(said)}: show the token of the identity operator, by --token-file`)
  throw new Refused(saidWhen(refusalOf(said), answer.headers))
}

function readJson(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

const refusalOf = (said: object): string =>
  'message' in said && typeof said.message === 'string' ? said.message : 'the answer is not one of a policy API'
