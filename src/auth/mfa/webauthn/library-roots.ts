/** What the library would trust by itself, taken from it. Checklist 41. */
import { SettingsService } from '@simplewebauthn/server'

/** The library's own roots would make it fetch revocation lists from wherever a certificate says. Chains are judged here. */
export function forgetLibraryRoots(): void {
  for (const identifier of ['android-key', 'android-safetynet', 'apple', 'fido-u2f', 'packed', 'tpm', 'mds'] as const)
    SettingsService.setRootCertificates({ identifier, certificates: [] })
}
