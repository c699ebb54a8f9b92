/** A copy of the policies under the watcher that `make run` uses, and an engineer who edits one number in it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OurInstance } from './instance.ts'
import { KEY_ID } from './sign-bundle.ts'

const OUTPUT_KEPT = 20_000
const REPORTS_WITHIN_MS = 60_000
const LIFETIME = /^access_token_ttl_seconds := \d+$/m

export interface PolicyEditor {
  /** Saves the file in place, as most editors do. */
  save(accessTokenTtlSeconds: number): void
  /** Resolves when the watcher rests: it tests after it activates, and a save meanwhile would wait for that. */
  rested(): Promise<void>
  /** What the watcher printed lately. */
  output(): string
  stop(): Promise<void>
}

export function startPolicyEditor(root: string, folder: string, instance: OurInstance): PolicyEditor {
  for (const name of ['policies', 'policy-tests']) cpSync(join(root, name), join(folder, name), { recursive: true })
  const args = [
    join(root, 'scripts/build-bundles.ts'),
    folder,
    ...['--replace', '--watch', '--activate-first'],
    ...['--sign-key', instance.signingKeyFile, '--key-id', KEY_ID],
    ...['--out', instance.bundleFile],
  ]
  const watcher = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  const keep = (chunk: Buffer) => {
    printed = (printed + chunk.toString()).slice(-OUTPUT_KEPT)
  }
  let [saved, reported] = [0, 0]
  let reports = Promise.withResolvers<void>()
  watcher.stdout.on('data', (chunk: Buffer) => {
    keep(chunk)
    reported += chunk.toString().match(/policy tests, /g)?.length ?? 0
    reports.resolve()
    reports = Promise.withResolvers<void>()
  })
  watcher.stderr.on('data', keep)
  const file = join(folder, 'policies/authz/token.rego')
  return {
    output: () => printed,
    async rested() {
      const late = setTimeout(() => reports.reject(new Error(`no test report:\n${printed}`)), REPORTS_WITHIN_MS)
      while (reported < saved) await reports.promise
      clearTimeout(late)
    },
    save(seconds) {
      saved = reported + 1
      const text = readFileSync(file, 'utf8')
      if (!LIFETIME.test(text)) throw new Error(`${file} holds no line "access_token_ttl_seconds := …" to edit`)
      writeFileSync(file, text.replace(LIFETIME, `access_token_ttl_seconds := ${seconds}`))
    },
    async stop() {
      if (watcher.exitCode !== null || watcher.signalCode !== null) return
      const ended = once(watcher, 'exit')
      watcher.kill('SIGTERM')
      await ended
    },
  }
}
