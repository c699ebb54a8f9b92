/** `sallyport audit heads`, and where `audit verify` has its heads from: a running instance, or a file of them. */
import { readFileSync } from 'node:fs'
import { isHead } from '../../audit/verify/heads.ts'
import type { Config } from '../../config/schema.ts'
import type { ChainHead } from '../../storage/records.ts'
import { type Invocation, UsageError } from '../command.ts'
import { callerHeaders, policyAddress } from '../policy-address.ts'

const DEADLINE_MS = 10_000

export async function auditHeads(invocation: Invocation): Promise<number> {
  const heads = await headsOfInstance(invocation.config(), invocation)
  console.log(JSON.stringify(heads, null, 2))
  return 0
}

/** Over the policy API, where `system.authz` judges the caller. Throws UsageError where they cannot be had. */
export async function headsOfInstance(config: Config, invocation: Invocation): Promise<readonly ChainHead[]> {
  const base = policyAddress(config, invocation)
  const headers = callerHeaders(config, invocation)
  const hint = 'is the instance running? Give --heads FILE, or --alone to verify the files alone'
  let answer: Response
  try {
    answer = await fetch(new URL('/v1/audit/heads', base), { headers, signal: AbortSignal.timeout(DEADLINE_MS) })
  } catch {
    throw new UsageError(`the heads cannot be had from ${base}: ${hint}`)
  }
  if (!answer.ok) throw new UsageError(`${base} answers ${answer.status} to /v1/audit/heads: ${hint}`)
  return parseHeads(await answer.text(), base)
}

export const headsOfFile = (file: string): readonly ChainHead[] => {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new UsageError(`${file} cannot be read`)
  }
  return parseHeads(text, file)
}

function parseHeads(text: string, from: string): readonly ChainHead[] {
  const heads = headsIn(text)
  if (heads === undefined) throw new UsageError(`${from} holds no heads of logs`)
  return heads
}

/** As `audit heads` prints them, or as the API answers. */
function headsIn(text: string): readonly ChainHead[] | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const heads: unknown = Array.isArray(value) ? value : Object(value).result
  return Array.isArray(heads) && heads.every(isHead) ? heads : undefined
}
