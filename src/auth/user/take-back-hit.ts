/** A hit that turned out to be none. */
import type { LimitStore } from '../../storage/port.ts'

/** Of a window that has ended meanwhile there is nothing to take back: it gives nobody one more in the next. */
export async function takeBackHit(
  limits: Pick<LimitStore, 'hit'>,
  tenant: string,
  key: string,
  windowSeconds: number,
): Promise<void> {
  if ((await limits.hit(tenant, key, windowSeconds, -1)) < 0) await limits.hit(tenant, key, windowSeconds)
}
