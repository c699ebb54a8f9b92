/** How the logs of a service are kept, as configured; structured-cloneable, for the threads that write them. */
import type { ChainedLog, ChainedLogOptions } from '../../audit/chained-log.ts'
import type { Tolerance } from '../../audit/gap.ts'
import { signatureCheck, signerOf } from '../../audit/signer.ts'
import { openService, type RemoteService, type ServiceOptions, serviceHosts } from '../../egress/service.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Metrics } from '../../observability/metrics.ts'
import { startUploader, type Uploader, type UploadTimes } from './upload/uploader.ts'

/** With addresses as texts: no thread is handed a URL. */
export interface ServiceAddress extends Omit<ServiceOptions, 'url' | 'oauth2'> {
  readonly url: string
  readonly oauth2?: Omit<NonNullable<ServiceOptions['oauth2']>, 'tokenUrl'> & { readonly tokenUrl: string }
}

export interface UploadRules extends UploadTimes {
  readonly service: ServiceAddress
}

export interface LogRules {
  /** Ed25519 private key, PEM: signs checkpoints. */
  readonly signingKey?: string
  readonly rotateBytes?: number
  readonly budgetBytes?: number
  readonly tolerate?: Tolerance
  /** Decisions go to standard output as well. */
  readonly stdout?: boolean
  readonly upload?: UploadRules
}

/** Throws ConfigError where the key is none. */
export const logOptions = ({
  signingKey,
  rotateBytes,
  budgetBytes,
  tolerate,
  stdout,
}: LogRules): ChainedLogOptions => ({
  rotateBytes,
  budgetBytes,
  tolerate,
  ...(signingKey !== undefined && { signer: signerOf(signingKey) }),
  ...(stdout === true && { copy: (lines) => void process.stdout.write(lines) }),
})

/** Starts the upload of a log where the rules say so. */
export function uploaderOf(
  { upload, signingKey }: LogRules,
  deps: { readonly metrics: Metrics; readonly logger: Logger },
): ((log: ChainedLog) => Uploader) | undefined {
  if (upload === undefined) return undefined
  const key = signingKey === undefined ? undefined : { signer: signerOf(signingKey), check: signatureCheck(signingKey) }
  let opened: Promise<RemoteService> | undefined
  const service = () => {
    opened ??= openRemote(upload.service)
    return opened
  }
  return (log) => startUploader({ ...upload, ...deps, log, key, service })
}

/** Loaded by those only who upload. */
async function openRemote({ url, oauth2, ...rest }: ServiceAddress): Promise<RemoteService> {
  const options: ServiceOptions = {
    ...rest,
    url: new URL(url),
    ...(oauth2 && { oauth2: { ...oauth2, tokenUrl: new URL(oauth2.tokenUrl) } }),
  }
  const { openEgress } = await import('../../egress/open.ts')
  return openService(options, { egress: openEgress({ allow: serviceHosts(options), unlisted: 'none' }) })
}
