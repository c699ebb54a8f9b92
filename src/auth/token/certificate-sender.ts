/** A certificate that the request shows is a key that it proved, beside what else it proved. RFC 8705 3. */
import type { ProveSender } from './sender.ts'

export const withCertificate =
  (prove: ProveSender): ProveSender =>
  async (request, accessToken) => {
    const sender = await prove(request, accessToken)
    const { clientCertificate } = request
    if (clientCertificate === undefined) return sender
    return {
      proved: { ...sender.proved, 'x5t#S256': clientCertificate.thumbprint },
      use: () => sender.use(),
    }
  }
