/** Pinned keys of the way out, against real HTTPS servers on loopback. RFC 7469 2.6. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LOOPBACK_NAMES, makeAuthority, makeCertificate } from '../../test/servers/certificates.ts'
import { certificatesOf, get, openTo, serveTls, text } from './egress-fixture.ts'
import { pinOf } from './pins.ts'

const certificates = certificatesOf()
const pinIn = (pem: string): string => pinOf(new X509Certificate(pem))
const OTHER = `${'A'.repeat(43)}=`

describe('pins', () => {
  it('take the key of the server and that of its authority, and a backup pin beside a pin of nobody', async () => {
    const { ca, cert } = certificates()
    const port = await serveTls(certificates(), (_, response) => response.end('ok'))
    for (const pins of [[pinIn(cert)], [pinIn(ca)], [OTHER, pinIn(cert)]])
      expect(text(await openTo().request(get(`https://localhost:${port}/`, { tls: { ca, pins } })))).toBe('ok')
  })

  it('refuse other keys before anything is sent, and say which were seen', async () => {
    const { ca, cert } = certificates()
    let asked = 0
    const port = await serveTls(certificates(), (_, response) => {
      asked += 1
      response.end('ok')
    })
    const asking = openTo().request(get(`https://localhost:${port}/`, { tls: { ca, pins: [OTHER] } }))
    await expect(asking).rejects.toMatchObject({
      code: 'pin',
      message: `localhost: none of its keys is pinned; seen, from the server's own up: sha256/${pinIn(cert)}, sha256/${pinIn(ca)}`,
    })
    expect(asked).toBe(0)
  })

  it('are checked beside the authorities, not in their stead', async () => {
    const { cert } = certificates()
    const port = await serveTls(certificates(), (_, response) => response.end('ok'))
    const asking = openTo().request(get(`https://localhost:${port}/`, { tls: { pins: [pinIn(cert)] } }))
    await expect(asking).rejects.toMatchObject({ code: 'tls' })
  })

  it('are not met by a certificate that is sent along and vouches for nothing', async () => {
    const { ca, files } = certificates()
    const folder = dirname(files.caFile)
    // Another authority of the same name, whose certificate the server sends behind its own.
    const namesake = await makeAuthority(folder, 'namesake', '/CN=Test CA')
    const leaf = await makeCertificate(folder, 'leaf', { subject: '/CN=localhost', extensions: LOOPBACK_NAMES })
    const pem = (file: string) => readFileSync(file, 'utf8')
    const sent = { ...certificates(), cert: pem(leaf.certFile) + pem(namesake.certFile), key: pem(leaf.keyFile) }
    const port = await serveTls(sent, (_, response) => response.end('ok'))
    const ask = (pin: string) => openTo().request(get(`https://localhost:${port}/`, { tls: { ca, pins: [pin] } }))
    await expect(ask(pinIn(pem(namesake.certFile)))).rejects.toMatchObject({ code: 'pin' })
    expect(text(await ask(pinIn(pem(leaf.certFile))))).toBe('ok')
  })
})
