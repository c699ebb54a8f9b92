/** The operational log: JSON lines on stderr by pino. Secrets are cut out by name, whatever hands them in. */
import { type DestinationStream, destination, type Logger as PinoLogger, pino } from 'pino'

export type Logger = PinoLogger

export interface LoggerOptions {
  readonly level?: string
  readonly name?: string
  readonly destination?: DestinationStream
}

const SECRET_NAMES = [
  'password',
  'new_password',
  'secret',
  'client_secret',
  'clientSecret',
  'code',
  'code_verifier',
  'device_code',
  'user_code',
  'token',
  'access_token',
  'accessToken',
  'refresh_token',
  'refreshToken',
  'id_token',
  'idToken',
  'authorization',
  'cookie',
  'set-cookie',
  'assertion',
  'email',
  'address',
  'privateKey',
]

/** Two levels deep: what is logged here is small and flat. */
const paths = SECRET_NAMES.flatMap((name) => {
  const quoted = `["${name}"]`
  return [quoted, `*${quoted}`, `*.*${quoted}`]
})

export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = 'info', name = 'sallyport', destination: target = destination({ fd: 2, sync: true }) } = options
  return pino(
    {
      level,
      name,
      redact: { paths, censor: '[redacted]' },
      serializers: { err: errorWithoutValues, req: () => undefined, res: () => undefined },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
    },
    target,
  )
}

/** Name, text and stack of an error, and the names of its causes; its other properties may hold what a caller sent. */
function errorWithoutValues(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error }
  const { name, message, stack, cause } = error
  const text = (key: string): Record<string, string> => {
    const value: unknown = Reflect.get(error, key)
    return typeof value === 'string' ? { [`error_${key}`]: value } : {}
  }
  return {
    name,
    message,
    stack,
    ...text('code'),
    ...text('reason'),
    ...(cause instanceof Error && { cause: cause.name }),
  }
}
