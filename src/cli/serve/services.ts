/** The remote services that the configuration names, as the way out takes them. */
import type { Config } from '../../config/schema.ts'
import type { ServiceConfig } from '../../config/sections/services.ts'
import { openEgress } from '../../egress/open.ts'
import { openService, type RemoteService, type ServiceOptions, serviceHosts } from '../../egress/service.ts'
import { ConfigError } from '../../kernel/errors.ts'

export interface Services {
  /** Throws ConfigError where `setting` names a service that is not there. */
  open(name: string, setting: string): RemoteService
}

/** Each service has a way out of its own, to its hosts alone; opened once, closed with `ends`. */
export function openServices(config: Pick<Config, 'services'>, ends: Pick<AsyncDisposableStack, 'defer'>): Services {
  const opened = new Map<string, RemoteService>()
  return {
    open: (name, setting) => {
      const known = opened.get(name)
      if (known !== undefined) return known
      const options = serviceOptions(config, name, setting)
      const egress = openEgress({ allow: serviceHosts(options), unlisted: 'none' })
      ends.defer(() => egress.close())
      const service = openService(options, { egress })
      opened.set(name, service)
      return service
    },
  }
}

/** Throws ConfigError where `setting` names a service that is not there. */
export function serviceOptions(config: Pick<Config, 'services'>, name: string, setting: string): ServiceOptions {
  const found = config.services.find((service) => service.name === name)
  if (found === undefined) throw new ConfigError(`${setting}: there is no service ${name} in \`services\``)
  return fromConfig(found)
}

function fromConfig(service: ServiceConfig): ServiceOptions {
  const { bearer, client_tls: clientTls, oauth2 } = service.credentials ?? {}
  return {
    name: service.name,
    url: new URL(service.url),
    deadlineMs: service.response_header_timeout_seconds * 1000,
    ...(service.headers && { headers: service.headers }),
    ...(service.tls && { caFile: service.tls.ca_file }),
    ...(clientTls && { clientTls: { certFile: clientTls.cert_file, keyFile: clientTls.key_file } }),
    ...(bearer && {
      bearer: {
        scheme: bearer.scheme,
        ...(bearer.token !== undefined && { token: bearer.token }),
        ...(bearer.token_file !== undefined && { tokenFile: bearer.token_file }),
      },
    }),
    ...(oauth2 && {
      oauth2: {
        tokenUrl: new URL(oauth2.token_url),
        clientId: oauth2.client_id,
        scopes: oauth2.scopes,
        ...(oauth2.client_secret !== undefined && { clientSecret: oauth2.client_secret }),
        ...(oauth2.client_secret_file !== undefined && { clientSecretFile: oauth2.client_secret_file }),
      },
    }),
  }
}
