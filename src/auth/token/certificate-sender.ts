/** A certificate that the request shows is a key that it proved, beside what else it proved. RFC 8705 3. */
import type { ProveSender, Sender } from './sender.ts'

export const withCertificate = (prove: ProveSender): ProveSender => {
  const withIt = async (thumbprint: string, ...asked: Parameters<ProveSender>) => {
    const sender = await prove(...asked)
    return { proved: { ...sender.proved, 'x5t#S256': thumbprint }, use: (by) => sender.use(by) } satisfies Sender
  }
  return (request, accessToken) => {
    const { clientCertificate } = request
    return clientCertificate === undefined
      ? prove(request, accessToken)
      : withIt(clientCertificate.thumbprint, request, accessToken)
  }
}
