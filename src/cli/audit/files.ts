/** Which files of logs there are to verify. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { UsageError } from '../command.ts'

/** The logs that the service writes, rotated ones and compressed ones too. */
const LOG_NAME = /^(audit|audit-[\w-]+|decisions-[\w-]+)(\.[\w-]+)*\.jsonl(\.[\w-]+)*$/

/** Files as they are named; of folders, the logs in them. Throws UsageError where there are none. */
export function logFiles(named: readonly string[]): readonly string[] {
  const files = named.flatMap((name) => {
    const path = resolve(name)
    if (!existsSync(path)) throw new UsageError(`there is no ${name}`)
    if (!statSync(path).isDirectory()) return [path]
    return readdirSync(path)
      .filter((file) => LOG_NAME.test(file))
      .map((file) => join(path, file))
  })
  if (files.length === 0) throw new UsageError(`there are no logs in ${named.join(', ')}`)
  return [...new Set(files)]
}
