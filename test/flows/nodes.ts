/** For tests: further processes beside a deployment's own, on its store. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Deployment } from '../servers/deployment.ts'
import { freePort } from '../servers/free-port.ts'

export interface FurtherNode {
  /** Where it listens; the issuer that it speaks for is the deployment's. */
  readonly address: string
  audits(): Record<string, unknown>[]
}

/** Ended with the deployment. */
export async function startFurtherNode({ run, folder }: Deployment): Promise<FurtherNode> {
  const port = await freePort()
  const log = join(folder, `log-${port}`)
  const settings = [`auth.port=${port}`, 'policy.port=0', `log.directory=${log}`]
  await run('serve', ...settings.flatMap((setting) => ['--set', setting])).says(/ready in \d+ ms/)
  return {
    address: `http://localhost:${port}`,
    audits: () =>
      readFileSync(join(log, 'audit.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line): Record<string, unknown> => JSON.parse(line)),
  }
}
