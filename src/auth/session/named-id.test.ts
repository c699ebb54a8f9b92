import { expect, test } from 'vitest'
import { orderedId, randomId } from '../../kernel/ids.ts'
import { namedId } from './named-id.ts'

test('an id of ours is a fact as it is', () => {
  for (const id of [randomId(), orderedId(), 'demo-client', 'setup']) expect(namedId(id)).toBe(id)
})

test.each(['alice@example.com', 'Alice Doe', 'a'.repeat(65), '', 'a.b', 'ä'])(
  '%j is not repeated (checklist 34)',
  (id) => {
    expect(namedId(id)).toBe('unknown')
  },
)
