/** The thread in which bundles are read, verified and made ready, so that no thread that decides waits for it. */
import { isMainThread, parentPort } from 'node:worker_threads'
import { giveWay } from '../../kernel/threads.ts'
import { BundleError, type BundleRefusal, type BundleSet } from '../engine.ts'
import { prepareSet } from './all-data.ts'
import { type LoadedBundle, type LoadOptions, loadWhole } from './load.ts'

export type LoadRequest = { readonly id: number } & (
  | { readonly kind: 'load'; readonly source: Uint8Array | string; readonly options: LoadOptions }
  | { readonly kind: 'prepare'; readonly set: BundleSet }
)

export type LoadAnswer = { readonly id: number } & (
  | { readonly loaded: LoadedBundle }
  | { readonly set: BundleSet }
  /** The refusal, or none for what nobody foresaw. */
  | { readonly refused: { readonly code?: BundleRefusal; readonly message: string; readonly cause?: string } }
)

async function answer(request: LoadRequest): Promise<LoadAnswer> {
  const { id } = request
  try {
    if (request.kind === 'prepare') return { id, set: prepareSet(request.set) }
    return { id, loaded: await loadWhole(request.source, request.options) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (!(error instanceof BundleError)) return { id, refused: { message } }
    const cause = error.cause instanceof Error ? error.cause.message : undefined
    return { id, refused: { code: error.code, message, ...(cause !== undefined && { cause }) } }
  }
}

/** Nobody here needs the archive any more: it changes hands, so that the other side does not copy it. */
function handedOver(answered: LoadAnswer): ArrayBuffer[] {
  const archive = 'loaded' in answered ? answered.loaded.archive : undefined
  if (archive === undefined || !(archive.buffer instanceof ArrayBuffer)) return []
  return archive.byteLength === archive.buffer.byteLength ? [archive.buffer] : []
}

/** Whoever decides goes first. */
const NICE = 10

if (!isMainThread && parentPort !== null) {
  giveWay(NICE)
  const port = parentPort
  let last: Promise<void> = Promise.resolve()
  // One after the other: two large bundles at once would take twice the memory.
  port.on('message', (request: LoadRequest) => {
    last = last.then(async () => {
      const answered = await answer(request)
      port.postMessage(answered, handedOver(answered))
    })
  })
}
