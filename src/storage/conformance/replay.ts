/** What may be used once: identifiers of proofs and assertions. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import { type Conformance, newTenant } from './subject.ts'

const CONTENDERS = 100

export function replayConformance({ clock, subject }: Conformance): void {
  describe('replay', () => {
    it('says true once, until it expires (RFC 9449 11.1, RFC 7523 3)', async () => {
      const { replay } = subject().store
      const [tenant, key] = [newTenant(), randomId(32)]
      const use = () => replay.firstUse(tenant, key, clock.seconds() + 60)
      expect([await use(), await use()]).toEqual([true, false])
      expect(await replay.firstUse(tenant, randomId(32), clock.seconds() + 60)).toBe(true)
      clock.advance(59)
      expect(await replay.firstUse(tenant, key, clock.seconds() + 1)).toBe(false)
      clock.advance(1)
      expect([await use(), await use()]).toEqual([true, false])
    })

    it('is true for one of 100 at once on two nodes, also once an older use has expired (checklist 18, 23)', async () => {
      const { store, another } = subject()
      const nodes = [store, await another()]
      const [tenant, key] = [newTenant(), randomId(32)]
      for (const _round of [1, 2, 3]) {
        const expiresAt = clock.seconds() + 60
        const uses = Array.from({ length: CONTENDERS }, (_, index) =>
          nodes[index % 2]?.replay.firstUse(tenant, key, expiresAt),
        )
        expect((await Promise.all(uses)).filter(Boolean)).toHaveLength(1)
        clock.advance(60)
      }
    })
  })
}
