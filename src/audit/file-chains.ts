/**
 * Heads of chains in a file: for a policy service that shares no store. It finds what was lost by accident; whoever can change
 * the logs can change it too, so heads are worth exporting from time to time (`sallyport audit heads`).
 */
import { readFile } from 'node:fs/promises'
import { replaceFile } from '../kernel/replace-file.ts'
import { CHAIN_HEAD_DAYS, type ChainStore } from '../storage/port.ts'
import type { ChainHead } from '../storage/records.ts'
import { isHead } from './verify/heads.ts'

/** One process writes the file. */
export function fileChains(path: string): ChainStore {
  let known: Promise<Map<string, ChainHead>> | undefined
  let writing: Promise<unknown> = Promise.resolve()
  const read = () => {
    known ??= readHeads(path)
    return known
  }
  return {
    register: (head) => {
      const next = writing
        .catch(() => {})
        .then(async () => {
          const heads = await read()
          if ((heads.get(head.chain)?.seq ?? 0) > head.seq) return
          // Last of all, so that they lie in order of time.
          heads.delete(head.chain)
          heads.set(head.chain, head)
          const oldest = head.at - CHAIN_HEAD_DAYS * 24 * 60 * 60 * 1000
          for (const [chain, { at }] of heads) if (at < oldest) heads.delete(chain)
          await replaceFile(path, JSON.stringify([...heads.values()]))
        })
      writing = next
      return next
    },
    list: async () => [...(await read()).values()],
  }
}

async function readHeads(path: string): Promise<Map<string, ChainHead>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map()
    throw error
  }
  const heads: unknown = JSON.parse(text)
  if (!Array.isArray(heads) || !heads.every(isHead)) throw new Error('the file of chain heads is damaged')
  return new Map(heads.map((head) => [head.chain, head]))
}
