/** Who is told of security events, as the auth service takes it. */
import { readFile } from 'node:fs/promises'
import { SIGNAL_TYPES, type SignalType } from '../../auth/signals/caep.ts'
import { LEAVING } from '../../auth/signals/events.ts'
import type { Receiver } from '../../auth/signals/receivers.ts'
import type { SignalOptions } from '../../auth/signals/service.ts'
import type { Config } from '../../config/schema.ts'
import { ConfigError } from '../../kernel/errors.ts'
import { webhookSecret } from './webhook-secret.ts'

/** Throws ConfigError where a name is none, or a secret cannot be read. */
function known<N extends string>(given: readonly string[] | undefined, all: readonly N[], setting: string) {
  return given?.map((text) => {
    const found = all.find((one) => one === text)
    if (found === undefined) throw new ConfigError(`${setting}: ${text} is none of ${all.join(', ')}`)
    return found
  })
}

async function headerIn(file: string): Promise<string> {
  const text = (await readFile(file, 'utf8')).trim()
  if (text === '' || /[^\x20-\x7e]/.test(text)) throw new Error(`${file} holds no value of a header`)
  return text
}

export function signalSettings({ security_events }: Pick<Config, 'security_events'>): SignalOptions {
  const { webhooks, streams, manage_streams: managed, keep_seconds: keepSeconds } = security_events
  const receivers: Receiver[] = [
    ...webhooks.map(({ name, url, events, secret_file, previous_secret_file }, at) => {
      const setting = `security_events.webhooks.${at}`
      const files = { secret_file, ...(previous_secret_file !== undefined && { previous_secret_file }) }
      return {
        kind: 'webhook' as const,
        name,
        url: new URL(url),
        events: known(events, LEAVING, `${setting}.events`),
        secrets: Object.entries(files).map(([key, file]) => webhookSecret(file, `${setting}.${key}`)),
      }
    }),
    ...streams.map(({ name, client_id: clientId, description, events, push }, at) => ({
      kind: 'stream' as const,
      name,
      clientId,
      description,
      events: known<SignalType>(events, SIGNAL_TYPES, `security_events.streams.${at}.events`),
      delivery: push === undefined ? ({ method: 'poll' } as const) : pushTo(push),
    })),
  ]
  return { receivers, managed, keepSeconds }
}

type Push = NonNullable<Config['security_events']['streams'][number]['push']>

const pushTo = ({ url, authorization_file: file }: Push) => ({
  method: 'push' as const,
  url: new URL(url),
  ...(file !== undefined && { authorization: () => headerIn(file) }),
})
