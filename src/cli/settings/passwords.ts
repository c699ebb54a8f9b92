/** What the configuration says of passwords, as the auth service takes it. */
import type { AuthServiceOptions } from '../../auth/service.ts'
import type { Config } from '../../config/schema.ts'

export function passwordSettings({
  passwords,
}: Pick<Config, 'passwords'>): NonNullable<AuthServiceOptions['passwordSettings']> {
  return {
    hash: {
      memoryKib: passwords.hash_memory_kib,
      passes: passwords.hash_passes,
      parallelism: passwords.hash_parallelism,
    },
    ...(passwords.hashes_at_once > 0 && { concurrent: passwords.hashes_at_once }),
    waiting: passwords.hashes_waiting,
    ...(passwords.breached_file !== undefined && { breachedFile: passwords.breached_file }),
    words: passwords.words,
  }
}
