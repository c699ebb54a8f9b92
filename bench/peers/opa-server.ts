/**
 * OPA's own server on the same policies and data, as a Rego bundle: WASM in OPA is slower than its interpreter. Its decision
 * log goes to a file on disk through the same mask and drop; nobody's access is judged, which ours does for each request.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { fillData } from '../bundle.ts'
import { type Contender, contender, freePort, HOST } from '../contender.ts'
import { committedFiles } from '../ours/sign-bundle.ts'

interface Manifest {
  readonly revision: string
  readonly roots: readonly string[]
}

export interface OpaOptions {
  readonly folder: string
  readonly root: string
  readonly dataBytes: number
}

export const opaServer = ({ folder, root, dataBytes }: OpaOptions): Contender =>
  contender(async () => {
    mkdirSync(folder, { recursive: true })
    const bundle = join(folder, 'bundle.tar.gz')
    const files = await committedFiles(root)
    const { revision, roots } = JSON.parse(Buffer.from(files.get('.manifest') ?? []).toString()) as Manifest
    files.delete('policy.wasm')
    files.set('.manifest', Buffer.from(JSON.stringify({ revision, roots })))
    files.set('data.json', fillData(dataBytes, files.get('data.json') ?? Buffer.from('{}')))
    writeFileSync(bundle, await writeArchive(files))
    const port = await freePort()
    const origin = `http://${HOST}:${port}`
    return {
      at: { origin, authorize: '', token: '', introspect: '', introspectedResource: '' },
      cookies: async () => [],
      start: {
        name: 'opa run --server',
        command: join(root, '.toolchain/opa'),
        args: [
          ...['run', '--server', '--addr', `${HOST}:${port}`, '--bundle', bundle],
          ...['--log-level', 'error', '--disable-telemetry', '--set', 'decision_logs.console=true'],
        ],
        outputFile: join(folder, 'decisions.jsonl'),
        cwd: folder,
        env: {},
        readyUrl: `${origin}/health?bundles`,
      },
    }
  })
