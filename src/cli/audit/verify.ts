/**
 * `sallyport audit verify`: holds the files of decision and audit logs to their own links and to the heads of their chains.
 * Exit code 0: nothing was found; 1: something was; 2: it could not be verified, or not all that is
 * registered was looked for.
 */
import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { placeOf } from '../../audit/chained-log.ts'
import { readKey, type SignatureCheck, signatureCheck } from '../../audit/signer.ts'
import type { Verification } from '../../audit/verify/findings.ts'
import { verifyLog } from '../../audit/verify/verify.ts'
import type { Config } from '../../config/schema.ts'
import type { ChainHead } from '../../storage/records.ts'
import type { Invocation } from '../command.ts'
import { table } from '../table.ts'
import { logFiles } from './files.ts'
import { headsOfFile, headsOfInstance } from './heads.ts'
import { sinceOf } from './since.ts'

export async function auditVerify(invocation: Invocation): Promise<number> {
  const { values, positionals } = invocation
  const config = invocation.config()
  const startedMs = Date.now()
  // Before the files: heads that are older than they are ask for nothing that is not there yet.
  const heads = await headsFor(config, invocation)
  const named = positionals.length > 0 ? positionals : [config.log.directory]
  const result = await verifyLog(logFiles(named), {
    ...(heads && { heads }),
    startedMs,
    checks: keysOf(config, values.key),
    expects: expectedPlace(values.place, named),
    sinceMs: sinceOf(values.since),
  })
  console.log(values.json === true ? JSON.stringify(result, null, 2) : report(result, heads !== undefined))
  if (result.findings.length > 0) return 1
  // A pod has another host name each time: chains of a place that nobody named must not go missing unseen.
  return result.notLookedFor.length > 0 && values.place === undefined ? 2 : 0
}

async function headsFor(config: Config, invocation: Invocation): Promise<readonly ChainHead[] | undefined> {
  const { heads, alone } = invocation.values
  if (alone === true) return undefined
  return typeof heads === 'string' ? headsOfFile(heads) : headsOfInstance(config, invocation)
}

/** The service's own key where it is there: its public half is in it. */
function keysOf({ log }: Config, named: unknown): readonly SignatureCheck[] {
  if (Array.isArray(named)) return named.map((file) => signatureCheck(readKey(String(file))))
  return existsSync(log.key_file) ? [signatureCheck(readKey(log.key_file))] : []
}

/**
 * All chains of the logs in the folders that are verified must be there, also where all files of one are gone. A place that is
 * named without a host is that of every host.
 */
function expectedPlace(named: unknown, folders: readonly string[]): (place: string) => boolean {
  const prefixes = Array.isArray(named) ? named.map(String) : folders.map((folder) => `${placeOf(folder)}/`)
  return (place) =>
    prefixes.some((prefix) => (prefix.startsWith('/') ? place.slice(place.indexOf(':') + 1) : place).startsWith(prefix))
}

function report({ files, lines, chains, findings, notLookedFor, notes }: Verification, hadHeads: boolean): string {
  const here = (file: string) => (file.startsWith('/') ? relative(process.cwd(), file) || file : file)
  const rows = chains.map(({ file, chain, firstSeq, lastSeq, provenSeq }) => [
    here(file),
    chain,
    `${firstSeq} to ${lastSeq}`,
    provenSeq === 0 ? 'by its links only' : `up to ${provenSeq}`,
  ])
  const found = findings.map(({ problem, file, line, detail }) => [
    problem,
    line === undefined ? here(file) : `${here(file)}:${line}`,
    detail,
  ])
  const others = notLookedFor.map(
    ({ place, chains: number }) =>
      `note: ${number} registered ${number === 1 ? 'chain' : 'chains'} of ${place} ${number === 1 ? 'was' : 'were'} not looked for`,
  )
  const count = `${files} ${files === 1 ? 'file' : 'files'}, ${lines} lines, ${chains.length} ${chains.length === 1 ? 'chain' : 'chains'}`
  const alone = 'Verified without registered heads: a chain that is gone, and lines cut off an end, may not be seen.'
  return [
    table([['file', 'chain', 'lines', 'held to heads'], ...rows]),
    ...(notes.length > 0 ? ['', ...notes.map((note) => `note: ${note}`)] : []),
    ...(others.length > 0 ? ['', ...others, 'note: name the places whose chains must be there with --place'] : []),
    ...(hadHeads ? [] : ['', `note: ${alone}`]),
    '',
    ...(found.length > 0 ? [table([['found', 'where', 'what'], ...found]), ''] : []),
    `${count}: ${found.length === 0 ? 'nothing was changed' : `${found.length} found`}`,
  ].join('\n')
}
