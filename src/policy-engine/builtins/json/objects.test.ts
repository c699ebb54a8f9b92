import { describe, expect, it } from 'vitest'
import { RegoObject, RegoSet, type Value } from '../../wasm/value.ts'
import type { Random } from '../encoding/random.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { OBJECTS } from './objects.ts'

describe('object.subset and graph.reachable_paths', () => {
  it('pays for each step of a graph with exponentially many paths', () => {
    const nodes = Array.from({ length: 60 }, (_, at) => at)
    const graph = new RegoObject(nodes.map((node) => [node, nodes]))
    const stop = new Error('out of fuel')
    let left = 1e6
    const context = {
      ...testContext(),
      charge: (units: number) => {
        left -= units
        if (left < 0) throw stop
      },
    }
    expect(() => OBJECTS['graph.reachable_paths']?.(context, graph, [0])).toThrow(stop)
  })

  it('pays for a search that backs up at each place', () => {
    const context = testContext()
    const whole = Array.from({ length: 3000 }, () => 1)
    expect(OBJECTS['object.subset']?.(context, whole, [...whole.slice(0, 1500), 2])).toBe(false)
    expect(context.charged).toBeGreaterThan(1_000_000)
  })

  compareWithOracle({ family: 'objects', make: makeCall })
})

function makeCall(random: Random): Call {
  if (random.chance(3)) return { name: 'object.union_n', args: [random.chance(20) ? 1 : makeObjects(random)] }
  return random.chance(2) ? makePaths(random) : { name: 'object.subset', args: makeSubset(random) }
}

function makeObjects(random: Random): Value[] {
  const object = (depth: number): Value =>
    new RegoObject(
      random.list(3, () => {
        const value = depth > 0 && random.chance(2) ? object(depth - 1) : random.below(3)
        return [random.pick<Value>('a', 'b', 1), value]
      }),
    )
  return random.list(4, () => (random.chance(20) ? 1 : object(2)))
}

function makePaths(random: Random): Call {
  const node = (): Value => random.pick<Value>('a', 'b', 'c', 'd', 'e', 1, [1])
  const edges = (): Value => {
    const list = random.list(3, node)
    return random.chance(8) ? random.pick<Value>(null, 'a', 1) : random.chance(2) ? list : new RegoSet(list)
  }
  const graph = new RegoObject(random.list(7, () => [node(), edges()] as const))
  const start = random.list(3, node)
  const initial = random.chance(20) ? random.notText() : random.chance(2) ? start : new RegoSet(start)
  return { name: 'graph.reachable_paths', args: [random.chance(30) ? [] : graph, initial] }
}

function makeSubset(random: Random): Value[] {
  const whole = makeComposite(random, 2)
  return random.chance(2) ? [whole, part(random, whole)] : [whole, makeComposite(random, 2)]
}

function makeComposite(random: Random, depth: number): Value {
  const member = (): Value => (depth > 0 && random.chance(2) ? makeComposite(random, depth - 1) : random.below(3))
  const members = random.list(4, member)
  return random.pick<() => Value>(
    () => members,
    () => new RegoSet(members),
    () => new RegoObject(members.map((value) => [random.pick('a', 'b', 'c'), value])),
    () => (random.chance(5) ? 1 : members),
  )()
}

function part(random: Random, value: Value): Value {
  if (Array.isArray(value)) {
    const start = random.below(value.length + 1)
    const run = value.slice(start, start + random.below(4))
    return random.chance(3) ? new RegoSet(run) : run
  }
  if (value instanceof RegoSet) return new RegoSet([...value].filter(() => random.chance(2)))
  if (value instanceof RegoObject) {
    return new RegoObject([...value].filter(() => random.chance(2)).map(([key, member]) => [key, part(random, member)]))
  }
  return value
}
