/** Heads that verification holds a log to: those that were noted beside its files, and those that were registered elsewhere. */
import { existsSync } from 'node:fs'
import type { ChainHead } from '../../storage/records.ts'
import { checkHead } from '../head.ts'
import type { SignatureCheck } from '../signer.ts'
import type { Finding } from './findings.ts'
import { type Line, linesOf } from './lines.ts'

export interface KnownHead {
  readonly head: ChainHead
  /** Where it is known from, in words. */
  readonly by: string
  /** Nobody who has only the files could have made it: registered elsewhere, or signed by a key that is believed. */
  readonly trusted: boolean
}

export interface CollectedHeads {
  readonly heads: readonly KnownHead[]
  readonly findings: readonly Finding[]
}

export async function collectHeads(
  files: readonly string[],
  registered: readonly ChainHead[],
  checks: readonly SignatureCheck[],
): Promise<CollectedHeads> {
  const heads: KnownHead[] = []
  const findings: Finding[] = []
  const add = (head: ChainHead, by: string, isRegistered: boolean, place: Pick<Finding, 'file' | 'line'>) => {
    const signature = checkHead(head, checks)
    if (signature !== 'forged') heads.push({ head, by, trusted: isRegistered || signature === 'signed' })
    else findings.push({ problem: 'forged', ...place, chain: head.chain, detail: 'its key did not sign this head' })
  }
  for await (const line of linesBeside(files)) {
    const head = headIn(line)
    const { file, number } = line
    if (head !== undefined) add(head, `${file}:${number}`, false, { file, line: number })
  }
  for (const head of registered) add(head, 'the registered head', true, { file: 'registered heads' })
  return { heads, findings }
}

async function* linesBeside(files: readonly string[]): AsyncGenerator<Line> {
  for (const file of files) {
    const beside = file.replace(/\.jsonl(?=$|\.)/, '.heads')
    if (beside !== file && existsSync(beside)) yield* linesOf(beside)
  }
}

/** What is no head is passed over: a torn line says nothing. */
function headIn({ bytes }: Line): ChainHead | undefined {
  try {
    const head: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    return isHead(head) ? head : undefined
  } catch {
    return undefined
  }
}

export function isHead(value: unknown): value is ChainHead {
  const { v, chain, place, seq, digest, at, closed } = Object(value) as Record<string, unknown>
  const isText = [chain, place, digest].every((text) => typeof text === 'string')
  return v === 1 && isText && [seq, at].every(Number.isSafeInteger) && typeof closed === 'boolean'
}
