/** What `sallyport login` keeps: tokens by address of the instance, for its owner's eyes only (0600). */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '../../kernel/errors.ts'
import { replaceFile } from '../../kernel/replace-file.ts'

export interface SavedLogin {
  readonly client_id: string
  readonly access_token: string
  readonly refresh_token?: string
  /** Seconds since the Unix epoch. */
  readonly expires_at: number
}

/** `$XDG_CONFIG_HOME/sallyport/logins.json`, else below `~/.config`. */
export const loginsFile = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'sallyport', 'logins.json')

const isLogin = (value: unknown): value is SavedLogin =>
  typeof value === 'object' &&
  value !== null &&
  'client_id' in value &&
  typeof value.client_id === 'string' &&
  'access_token' in value &&
  typeof value.access_token === 'string' &&
  'expires_at' in value &&
  typeof value.expires_at === 'number'

function readAll(file: string): Readonly<Record<string, unknown>> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return {}
  }
  try {
    const known: unknown = JSON.parse(text)
    return Object(known)
  } catch {
    throw new ConfigError(`${file} is not JSON: remove it and sign in again with sallyport login`)
  }
}

export function findLogin(base: string, file = loginsFile()): SavedLogin | undefined {
  const login = readAll(file)[base]
  return isLogin(login) ? login : undefined
}

/** Undefined forgets it. */
export async function saveLogin(base: string, login: SavedLogin | undefined, file = loginsFile()): Promise<void> {
  const { [base]: _, ...others } = readAll(file)
  await replaceFile(file, `${JSON.stringify(login === undefined ? others : { ...others, [base]: login }, null, 2)}\n`)
}
