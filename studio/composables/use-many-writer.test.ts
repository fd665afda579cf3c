import { flushPromises } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { defineComponent, h } from 'vue'
import { type Answering, mountWithModel } from '../testing/mount-with-model.ts'
import { yacht } from '../testing/sample-model.ts'
import { useGuardedSave } from './use-guarded-save.ts'
import { useManyWriter } from './use-many-writer.ts'
import { useRecordList } from './use-record-list.ts'
import { useTakeBack } from './use-take-back.ts'

const vega = { id: 'r1', version: 1, name: 'Vega', status: 'new' }
const lyra = { id: 'r2', version: 1, name: 'Lyra', status: 'new' }
interface Bulk {
  readonly update: readonly { readonly id: string; readonly version?: number }[]
}

/** A list of two yachts, with what writes them. */
function mountList(answer: Answering) {
  const made: {
    many?: ReturnType<typeof useManyWriter>
    guarded?: ReturnType<typeof useGuardedSave>
    takeBack?: ReturnType<typeof useTakeBack>
  } = {}
  const List = defineComponent(() => {
    const list = useRecordList(
      () => yacht,
      () => ({ filter: {}, sort: '', expand: [] }),
    )
    Object.assign(made, {
      many: useManyWriter(),
      guarded: useGuardedSave(),
      takeBack: useTakeBack(),
    })
    return () => h('p', list.records.value.map((one) => one['status']).join())
  })
  const mounted = mountWithModel(List, {}, (asked) =>
    asked.method === 'GET' && asked.path === '/yachts' && !asked.query.get('filter')
      ? { body: { data: [vega, lyra], page: { nextCursor: null, count: 2 } } }
      : answer(asked),
  )
  return { ...mounted, ...(made as Required<typeof made>) }
}
const problem = { code: 'INVALID', status: 422, detail: 'Not this one.' }

describe('many edits', () => {
  it('tell how many failed and why, and try those again', async () => {
    const sent: Bulk[] = []
    const { many, services } = mountList(({ path, body }) => {
      if (!path.endsWith('/bulk')) return { body: { data: [], page: { nextCursor: null } } }
      sent.push(body as Bulk)
      const results = (body as Bulk).update.map(({ id }, index) =>
        id === 'r2' && sent.length === 1
          ? { op: 'update', index, status: 'failed', id, problem }
          : { op: 'update', index, status: 'updated', id },
      )
      return { body: { changeSetId: `c${sent.length}`, results } }
    })
    await flushPromises()
    const changes = [vega, lyra].map((record) => ({ record, values: { status: 'won' } }))
    await many.write(yacht, { changes })
    const toast = services.toasts.list.value.at(-1)
    expect(toast?.text).toBe('1 changed, 1 failed')
    toast?.action?.run()
    expect(services.reports.shown.value?.failed).toMatchObject([
      { name: 'Lyra', reason: 'Not this one.' },
    ])
    await services.reports.shown.value?.retry?.()
    expect(sent[1]?.update.map(({ id }) => id)).toEqual(['r2'])
    expect(services.toasts.list.value.at(-1)?.text).toBe('1 changed')
    expect(services.undo.last.value?.changes).toEqual(['c2'])
  })

  it('go on over what others changed elsewhere, and leave what they changed here', async () => {
    const sent: Bulk[] = []
    const { many, services } = mountList(({ method, body }) => {
      if (method === 'GET')
        return {
          body: {
            data: [
              { ...vega, version: 2, name: 'Vega of Bea' },
              { ...lyra, version: 2, status: 'lost', updatedBy: { name: 'Bea' } },
            ],
            page: { nextCursor: null },
          },
        }
      sent.push(body as Bulk)
      const stale = { code: 'STALE_VERSION', status: 412, detail: 'Stale.' }
      const results = (body as Bulk).update.map(({ id, version }, index) =>
        version === 1
          ? { op: 'update', index, status: 'failed', id, problem: stale }
          : { op: 'update', index, status: 'updated', id },
      )
      return { body: { changeSetId: `c${sent.length}`, results } }
    })
    await flushPromises()
    const changes = [vega, lyra].map((record) => ({ record, values: { status: 'won' } }))
    await many.write(yacht, { changes, isGuarded: true })
    expect(sent.map(({ update }) => update.map(({ id, version }) => [id, version]))).toEqual([
      [
        ['r1', 1],
        ['r2', 1],
      ],
      [['r1', 2]],
    ])
    services.toasts.list.value.at(-1)?.action?.run()
    const reason = services.reports.shown.value?.failed[0]?.reason
    expect(reason).toBe('Status: Bea wrote “lost” meanwhile, yours is “Won”.')
  })
})

describe('one edit', () => {
  it('that somebody else made too is shown with both values', async () => {
    const theirs = { ...vega, version: 2, status: 'won', updatedBy: { name: 'Bea' } }
    const { guarded, services } = mountList(({ method }) =>
      method === 'PATCH'
        ? { status: 412, body: { status: 412, code: 'STALE_VERSION', detail: 'Stale.' } }
        : { body: theirs },
    )
    await flushPromises()
    expect(await guarded.save(yacht, vega, { status: 'lost' }, { status: 'new' })).toBeNull()
    expect(services.conflicts.first.value).toMatchObject({
      mine: 'lost',
      theirs: 'won',
      by: { name: 'Bea' },
    })
  })

  it('waits when the server is away, and is taken back here', async () => {
    const { wrapper, guarded, services, takeBack } = mountList(() => ({
      status: 503,
      body: { status: 503, code: 'DRAINING', detail: 'Away.' },
    }))
    await flushPromises()
    await guarded.save(yacht, vega, { status: 'won' }, { status: 'new' })
    await flushPromises()
    expect(wrapper.text()).toBe('won,new')
    expect(services.outbox.has('r1', 'status')).toBe(true)
    await takeBack.undo()
    await flushPromises()
    expect(wrapper.text()).toBe('new,new')
    expect(services.outbox.list.value).toEqual([])
  })

  it('is taken back here too when that was asked for before anybody knew the server was away', async () => {
    let answer = (): void => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    const { wrapper, guarded, services, takeBack } = mountList(async ({ method }) => {
      if (method === 'PATCH') await answered
      return { status: 503, body: { status: 503, code: 'DRAINING', detail: 'Away.' } }
    })
    await flushPromises()
    const saving = guarded.save(yacht, vega, { status: 'won' }, { status: 'new' })
    const undone = takeBack.undo()
    answer()
    await Promise.all([saving, undone])
    await flushPromises()
    expect(services.outbox.list.value).toEqual([])
    expect(wrapper.text()).toBe('new,new')
  })

  it('that is refused stays to be mended', async () => {
    const { guarded, services } = mountList(() => ({
      status: 422,
      body: {
        status: 422,
        code: 'INVALID',
        detail: 'No.',
        errors: [{ path: 'name', code: 'TOO_LONG', message: 'Too long.' }],
      },
    }))
    await flushPromises()
    await guarded.save(
      yacht,
      vega,
      { name: 'V'.repeat(10_000) },
      { name: 'Vega' },
      { isTyped: true },
    )
    expect(services.refusals.of('r1', 'name')?.reason).toBe('Too long.')
    const name = yacht.fields[0]!
    expect(services.refusals.takeText('r1', name, 'en')).toHaveLength(10_000)
  })
})

describe('taking back', () => {
  const answer = (conflicts: readonly object[]): Answering => {
    let n = 0
    return ({ path }) =>
      path.endsWith('/revert')
        ? { body: { changeSetId: `back${++n}`, reverted: 1, skipped: conflicts.length, conflicts } }
        : { body: vega }
  }

  it('and doing again revert one another', async () => {
    const { services, takeBack, asked } = mountList(answer([]))
    services.undo.push({ label: 'Paste', changes: ['c1', 'c2'] })
    await takeBack.undo()
    await takeBack.redo()
    const reverts = asked.flatMap(({ path }) =>
      path.includes('/changes/') ? [path.split('/')[2]] : [],
    )
    expect(reverts).toEqual(['c2', 'c1', 'back2', 'back1'])
    expect(services.toasts.list.value.at(-1)?.text).toBe('Done again: Paste')
  })

  it('names the field that somebody has changed since', async () => {
    const conflict = {
      entity: 'yachts',
      id: 'r1',
      field: 'status',
      then: 'won',
      now: 'lost',
      by: { name: 'Bea' },
    }
    const { services, takeBack } = mountList(answer([conflict]))
    services.titles.note(yacht, [vega])
    services.undo.push({ label: 'Paste', changes: ['c1'] })
    await takeBack.undo()
    expect(services.toasts.list.value.at(-1)?.text).toBe(
      'Undone: Paste. Changed since, so it stays: Status of Vega (Bea).',
    )
  })
})
