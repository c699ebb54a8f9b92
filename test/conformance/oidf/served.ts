/** For tests: `make run-conformance` on ports of its own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../servers/free-port.ts'
import { type Sallyport, startSallyport } from '../../servers/sallyport.ts'

export interface Served {
  readonly issuer: string
  readonly suite: string
  /** Where a test may keep files, and below it what the instance wrote. */
  readonly folder: string
  readonly place: string
  readonly sallyport: Sallyport
  /** `provider.json` as it was written, its places filled as the driver of the suite fills them. */
  described<T>(): T
  /** Its exit code. */
  close(): Promise<number>
}

/** Without an address of the suite, nobody answers there yet. */
export async function serveForSuite(answering?: string): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'run-conformance-'))
  const place = join(folder, 'instance')
  const issuer = `https://localhost:${await freePort()}`
  const suite = answering ?? `https://localhost:${await freePort()}`
  const resource = `https://localhost:${await freePort()}`
  const env = { OIDF_ISSUER: issuer, OIDF_RESOURCE: resource, OIDF_SUITE: suite }
  const sallyport = startSallyport([place], { cwd: process.cwd(), env, main: 'test/conformance/oidf/serve.ts' })
  await sallyport.says(/is ready for the suite/, 60_000)
  return {
    issuer,
    suite,
    folder,
    place,
    sallyport,
    described: <T>(): T =>
      JSON.parse(
        readFileSync(join(place, 'provider.json'), 'utf8').replaceAll('{ISSUER}', issuer).replaceAll('{SUITE}', suite),
      ),
    async close() {
      const code = await sallyport.stop()
      rmSync(folder, { recursive: true, force: true })
      return code
    },
  }
}
