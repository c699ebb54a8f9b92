/** For tests: an administrator's commands against the auth service with its real parts, and what they say. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { addClient } from '../../../test/flows/signed-in.ts'
import { startAuthService, type TestService } from '../../../test/servers/auth-service.ts'
import type { TestClient } from '../../../test/servers/population.ts'
import { runCommandLine } from '../command-line.ts'

export interface AdminDesk {
  readonly service: TestService
  /** A client that people sign in to. */
  readonly shop: TestClient
  /** Ends with the desk. */
  readonly folder: string
  readonly said: string[]
  readonly told: string[]
  /** Hears from now on, and forgets what it heard. */
  listen(): void
  /** Answers the exit code. */
  run(...words: string[]): Promise<number>
  close(): Promise<void>
}

export async function openAdminDesk(): Promise<AdminDesk> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-admin-desk-'))
  const credentials = join(folder, 'admin.json')
  const service = await startAuthService()
  const { id, secret } = service.population.admin
  writeFileSync(credentials, JSON.stringify({ client_id: id, client_secret: secret }))
  const said: string[] = []
  const told: string[] = []
  return {
    service,
    shop: await addClient(service.store, 'shop'),
    folder,
    said,
    told,
    listen: () => {
      said.length = 0
      told.length = 0
      vi.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line))
      vi.spyOn(console, 'error').mockImplementation((line: string) => void told.push(line))
    },
    run: (...words) => runCommandLine([...words, '--url', service.issuer, '--credentials', credentials]),
    close: async () => {
      vi.restoreAllMocks()
      await service.close()
      rmSync(folder, { recursive: true })
    },
  }
}
