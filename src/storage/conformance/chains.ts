/** Heads of hash chains: each chain's newest is kept, whatever comes late. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import { CHAIN_HEAD_DAYS } from '../port.ts'
import type { ChainHead } from '../records.ts'
import type { Conformance } from './subject.ts'

export function chainConformance({ clock, subject }: Conformance): void {
  const aHead = (chain: string, seq: number, values: Partial<ChainHead> = {}): ChainHead => ({
    v: 1,
    chain,
    place: 'host:/var/log/{decisions}.jsonl',
    seq,
    digest: `digest-${seq}`,
    at: clock.nowMs(),
    closed: false,
    ...values,
  })

  describe('chains', () => {
    it('keeps the newest head of each chain, signature and all, in order of time', async () => {
      const { chains } = subject().store
      const [a, b] = [randomId(9), randomId(9)]
      await chains.register(aHead(a, 1))
      clock.advance(1)
      await chains.register(aHead(b, 7, { keyId: 'k', signature: 's' }))
      clock.advance(1)
      await chains.register(aHead(a, 5, { closed: true }))
      await chains.register(aHead(a, 4))
      const kept = (await chains.list()).filter(({ chain }) => chain === a || chain === b)
      expect(kept).toEqual([
        aHead(b, 7, { keyId: 'k', signature: 's', at: clock.nowMs() - 1000 }),
        aHead(a, 5, { closed: true }),
      ])
    })

    it('ends at the highest of parallel heads', async () => {
      const { store, another } = subject()
      const chain = randomId(9)
      const second = await another()
      await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          (index % 2 ? store : second).chains.register(aHead(chain, ((index * 7) % 30) + 1)),
        ),
      )
      expect((await store.chains.list()).find((head) => head.chain === chain)).toEqual(aHead(chain, 30))
    })

    it('forgets chains that nobody wrote to for long', async () => {
      const { chains } = subject().store
      const [old, kept] = [randomId(9), randomId(9)]
      await chains.register(aHead(old, 1))
      clock.advance((CHAIN_HEAD_DAYS + 1) * 24 * 60 * 60)
      await chains.register(aHead(kept, 1))
      const ids = (await chains.list()).map(({ chain }) => chain)
      expect(ids).toContain(kept)
      expect(ids).not.toContain(old)
    })
  })
}
