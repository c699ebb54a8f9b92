/** The child's half of supervision: starts what it is told to, beats, and ends when told or when its supervisor is gone. */
import { BEATS_PER_DEADLINE } from './heartbeat.ts'

export interface Supervised {
  readonly port: number
  reopenLogs?(): void
  close(): Promise<void>
}

export type ToChild =
  | { readonly kind: 'start'; readonly options: unknown; readonly heartbeatMs: number }
  | { readonly kind: 'close' }
  | { readonly kind: 'reopen' }

export type FromChild =
  | { readonly kind: 'beat' }
  | { readonly kind: 'listening'; readonly port: number }
  /** It may not start: told once, in a text that says what to mend. */
  | { readonly kind: 'refused'; readonly message: string }

/** To be called by the file that `supervise` forks. `start` gets the options that were handed to `supervise`. */
export function serveSupervised(start: (options: unknown) => Promise<Supervised>): void {
  const say = (message: FromChild) => process.send?.(message)
  let running: Supervised | undefined
  const end = async (code: number) => {
    await running?.close()
    process.exit(code)
  }
  const begin = async (options: unknown, heartbeatMs: number) => {
    setInterval(() => say({ kind: 'beat' }), heartbeatMs / BEATS_PER_DEADLINE).unref()
    try {
      running = await start(options)
      say({ kind: 'listening', port: running.port })
    } catch (error) {
      const message = error instanceof Error ? error.message : 'the service could not start'
      process.send?.({ kind: 'refused', message } satisfies FromChild, () => process.exit(1))
    }
  }
  process.on('message', (message: ToChild) => {
    if (message.kind === 'start') void begin(message.options, message.heartbeatMs)
    else if (message.kind === 'reopen') running?.reopenLogs?.()
    else void end(0)
  })
  process.once('disconnect', () => void end(0))
  // A terminal's interrupt reaches parent and child alike; the parent decides.
  process.on('SIGINT', () => {})
}
