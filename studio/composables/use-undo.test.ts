import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../testing/memory-storage.ts'
import { createOutbox } from './use-outbox.ts'
import { createUndo } from './use-undo.ts'

const deed = (label: string) => ({ label, changes: [label] })

describe('what can be taken back', () => {
  it('outlives a reload of the tab, for the same person only', () => {
    const storage = memoryStorage()
    const before = createUndo(storage)
    before.attach('org ada')
    before.push(deed('one'))
    before.push(deed('two'))
    before.put('redo', before.take('undo')!)

    const after = createUndo(storage)
    after.attach('org ada')
    expect([after.last.value?.label, after.next.value?.label]).toEqual(['one', 'two'])
    const other = createUndo(storage)
    other.attach('org bea')
    expect([other.last.value, other.next.value]).toEqual([null, null])
  })

  it('is not done again once something new was done', () => {
    const undo = createUndo()
    undo.push(deed('one'))
    undo.put('redo', undo.take('undo')!)
    expect(undo.next.value?.label).toBe('one')
    undo.push(deed('two'))
    expect(undo.next.value).toBeNull()
  })

  it('goes back one at a time and in order', async () => {
    const undo = createUndo()
    const steps: string[] = []
    const work = (name: string, ms: number) => async () => {
      await new Promise((resolve) => setTimeout(resolve, ms))
      steps.push(name)
    }
    await Promise.all([undo.inOrder(work('slow', 20)), undo.inOrder(work('fast', 0))])
    expect(steps).toEqual(['slow', 'fast'])
  })
})

describe('an edit that waits', () => {
  const edit = (name: string) => ({
    entity: 't:yacht',
    id: 'r1',
    name: 'Vega',
    values: { name },
    seen: { name: 'Vega' },
    version: 3,
  })

  it('shows, outlives a reload, and goes with whoever made it', () => {
    const storage = memoryStorage()
    const outbox = createOutbox(storage)
    outbox.attach('org ada')
    outbox.add(edit('Vega II'))
    expect(outbox.has('r1', 'name')).toBe(true)
    const after = createOutbox(storage)
    after.attach('org ada')
    expect(after.over({ id: 'r1', version: 3, name: 'Vega' })['name']).toBe('Vega II')
    const other = createOutbox(storage)
    other.attach('org bea')
    expect(other.list.value).toEqual([])
  })

  it('is written on top of the one before it', () => {
    const outbox = createOutbox()
    const [first, second] = [edit('a'), edit('b')]
    outbox.add(first)
    outbox.add(second)
    outbox.remove(first, 4)
    expect(outbox.list.value).toEqual([{ ...second, version: 4 }])
  })
})
