/** What is wrong with a client's metadata: the member and what it must be, never the value that was sent. RFC 7591 3.2.2. */

export type MetadataErrorCode = 'invalid_redirect_uri' | 'invalid_client_metadata'

/** `field` and `what` together make a sentence for whoever registers the client. */
export class MetadataFault extends Error {
  override readonly name = 'MetadataFault'
  readonly field: string
  readonly what: string

  constructor(field: string, what: string) {
    super(`${field} ${what}.`)
    this.field = field
    this.what = what
  }

  get code(): MetadataErrorCode {
    return this.field.startsWith('redirect_uris') ? 'invalid_redirect_uri' : 'invalid_client_metadata'
  }
}
