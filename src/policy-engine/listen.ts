/** Where the policy API listens and who may call it, as configured: read and judged before anything is opened. */
import { readFile } from 'node:fs/promises'
import { ConfigError } from '../kernel/errors.ts'
import type { KeyPairFiles } from '../kernel/tls-files.ts'

/** A caller, and the bearer token that it shows. */
export interface Credential {
  readonly identity: string
  readonly token: string
}

export interface ApiLimits {
  readonly bodyBytes: number
  readonly headerBytes: number
  /** Inputs of one batch. */
  readonly batchInputs: number
  /** Requests in work at once; one more is answered 503. */
  readonly inFlight: number
  /** Within which a request must have come whole. */
  readonly requestMs: number
  /** A connection without a request is closed after it. */
  readonly idleMs: number
}

export const API_LIMITS: ApiLimits = {
  bodyBytes: 4 * 1024 * 1024,
  headerBytes: 16 * 1024,
  batchInputs: 1000,
  inFlight: 512,
  requestMs: 10_000,
  idleMs: 72_000,
}

export interface ApiTls extends KeyPairFiles {
  /** Default 1.3. */
  readonly minimumVersion?: '1.2' | '1.3' | undefined
  /** Whose certificates name callers. */
  readonly clientCaFile?: string | undefined
}

export interface ApiOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Callers by bearer token; the identity is what `system.authz` sees. */
  readonly credentials?: readonly { readonly identity: string; readonly tokenFile: string }[]
  readonly limits?: Partial<ApiLimits>
  /** Absent: plain http. */
  readonly tls?: ApiTls | undefined
  /** OPA's binary, which explains. */
  readonly opaFile?: string | undefined
  /** Segments of what `POST /` asks; `system/main` where it is absent. */
  readonly defaultDecision?: readonly string[] | undefined
  /** What `/v1/config` shows: no credential, secrets masked. */
  readonly shownConfig?: object | undefined
}

/** As handed to the thread that listens; structured-cloneable. */
export interface ResolvedApi extends Pick<ApiOptions, 'opaFile' | 'defaultDecision' | 'shownConfig' | 'tls'> {
  readonly host: string
  readonly port: number
  readonly loopback: boolean
  readonly credentials: readonly Credential[]
  readonly limits: Partial<ApiLimits>
}

const MIN_TOKEN_LENGTH = 16

/** Throws ConfigError: an open listener beyond loopback would let anyone ask for decisions and data. */
export async function resolveApi(options: ApiOptions): Promise<ResolvedApi> {
  const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(options.host)
  const credentials = await Promise.all((options.credentials ?? []).map(readCredential))
  if (!loopback && credentials.length === 0 && options.tls?.clientCaFile === undefined) {
    throw new ConfigError('the policy API listens beyond loopback: configure credentials for its callers')
  }
  const { host, port, opaFile, defaultDecision, shownConfig, tls, limits = {} } = options
  return { host, port, loopback, credentials, limits, opaFile, defaultDecision, shownConfig, tls }
}

async function readCredential(source: { identity: string; tokenFile: string }): Promise<Credential> {
  const { identity, tokenFile } = source
  return { identity, token: await readToken(tokenFile) }
}

/** The token in a file, without the newline at its end. */
export async function readToken(file: string): Promise<string> {
  let token: string
  try {
    token = (await readFile(file, 'utf8')).trim()
  } catch (cause) {
    throw new ConfigError(`the token file ${file} cannot be read`, { cause })
  }
  if (token.length < MIN_TOKEN_LENGTH || !/^[\x21-\x7e]+$/.test(token)) {
    throw new ConfigError(`the token in ${file} is not ${MIN_TOKEN_LENGTH} or more visible ASCII characters`)
  }
  return token
}
