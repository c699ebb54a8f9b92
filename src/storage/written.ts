/** What became of a write: another was first, or there is no such record. */
export type Written = 'written' | 'conflict' | 'missing'
