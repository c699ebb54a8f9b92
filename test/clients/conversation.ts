/**
 * Talks with a relying party that runs as a process of its own, in lines of JSON: it is told who it is, says where its person
 * goes, and hears where that ended.
 *
 *   us    {"issuer","client_id","client_secret","scope","redirect_uri","post_logout_redirect_uri","resource_server"}
 *   it    {"authorize": address}            us  {"callback": address}
 *   it    {"tokens": {…}}                   after redeeming, userinfo, refreshing, introspecting
 *   it    {"logout": address}               us  {}
 *   it    {"after": {…}}                    introspection, after revoking
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'

const CLIENTS = resolve('.toolchain/clients')
export const inClients = (name: string): string => resolve(CLIENTS, name)

/** Why a program is not here, in the words of scripts/toolchain/clients.sh, which the run is told too; undefined where it is. */
export function whyMissing(name: string): string | undefined {
  if (existsSync(inClients(`${name}.ready`))) return undefined
  const told = inClients(`${name}.missing`)
  const why = existsSync(told) ? readFileSync(told, 'utf8').trim() : `${name}: \`make test-clients\` brings it`
  console.warn(`skipped, ${why}`)
  return why
}

export interface Conversation {
  /** What it says next, of the name `key`. */
  hear(key: string): Promise<unknown>
  say(message: object): void
  /** Ends it where it still runs. */
  stop(): void
}

export function converse([command = '', ...args]: readonly string[], env: Record<string, string> = {}): Conversation {
  const child = spawn(command, args, { env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env } })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaints += chunk
  })
  // Where it could not start, its output ends, which is what is told.
  child.on('error', (error) => {
    complaints += error.message
  })
  child.stdin.on('error', () => undefined)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async hear(key) {
      const { value, done } = await lines.next()
      if (done) throw new Error(`it ended before it said ${key}:\n${complaints}`)
      const said: Record<string, unknown> = JSON.parse(value)
      if (!(key in said)) throw new Error(`it said ${value} instead of ${key}`)
      return said[key]
    },
    say: (message) => void child.stdin.write(`${JSON.stringify(message)}\n`),
    stop: () => void child.kill(),
  }
}
