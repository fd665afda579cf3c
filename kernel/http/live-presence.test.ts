import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createPresence, type PresentPerson, type Watcher } from './live-presence.ts'

function watcher(id: string | null) {
  const told: string[][] = []
  const one: Watcher = {
    person: id === null ? null : { id, name: id },
    tell: (others: readonly PresentPerson[]) => told.push(others.map((other) => other.id)),
  }
  return { one, told }
}

describe('who looks at a record', () => {
  it('is told to the others, once for those who come together, and when they go', async () => {
    const presence = createPresence(1)
    const [ada, bob, tool] = [watcher('ada'), watcher('bob'), watcher(null)]
    const elsewhere = watcher('eve')
    presence.join('leads 2', elsewhere.one)
    presence.join('leads 1', ada.one)
    presence.join('leads 1', tool.one)
    const leave = presence.join('leads 1', bob.one)
    await sleep(20)
    expect([ada.told, bob.told]).toEqual([[['bob']], [['ada']]])
    expect(tool.told).toEqual([['ada', 'bob']])
    leave()
    leave()
    await sleep(20)
    expect(ada.told).toEqual([['bob'], []])
    expect(elsewhere.told).toEqual([[]])
  })

  it('is one person, however many tabs they have, and never oneself', async () => {
    const presence = createPresence(1)
    const [first, second, bob] = [watcher('ada'), watcher('ada'), watcher('bob')]
    presence.join('leads 1', first.one)
    const closeTab = presence.join('leads 1', second.one)
    presence.join('leads 1', bob.one)
    await sleep(20)
    closeTab()
    await sleep(20)
    expect(first.told.at(-1)).toEqual(['bob'])
    expect(bob.told).toEqual([['ada'], ['ada']])
  })
})
