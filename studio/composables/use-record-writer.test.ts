import { flushPromises } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { defineComponent, h } from 'vue'
import { type Answering, mountWithModel } from '../testing/mount-with-model.ts'
import { yacht } from '../testing/sample-model.ts'
import { useRecordList } from './use-record-list.ts'
import { useRecordWriter } from './use-record-writer.ts'
import { useTakeBack } from './use-take-back.ts'

const record = { id: 'r1', version: 1, name: 'Vega', status: 'new' }

/** A list of one yacht with the writer beside it. */
function mountList(answer: Answering) {
  let writer: ReturnType<typeof useRecordWriter> | undefined
  let takeBack: ReturnType<typeof useTakeBack> | undefined
  const List = defineComponent(() => {
    const list = useRecordList(
      () => yacht,
      () => ({ filter: {}, sort: '', expand: [] }),
    )
    writer = useRecordWriter()
    takeBack = useTakeBack()
    return () => h('p', list.records.value.map((one) => one['status']).join())
  })
  const mounted = mountWithModel(List, {}, (asked) =>
    asked.method === 'GET' && asked.path === '/yachts'
      ? { body: { data: [record], page: { nextCursor: null, count: 1 } } }
      : answer(asked),
  )
  return {
    ...mounted,
    writer: writer as ReturnType<typeof useRecordWriter>,
    takeBack: takeBack as ReturnType<typeof useTakeBack>,
  }
}

/** Of a server on which the record was changed and can be changed back. */
function answerWithHistory({ path }: Parameters<Answering>[0]) {
  if (path.endsWith('/history'))
    return {
      body: {
        data: [{ changeId: 'c7', version: 2, at: '', actor: {}, fields: {} }],
        page: { nextCursor: null },
      },
    }
  if (path.endsWith('/revert'))
    return { body: { changeSetId: 'c8', reverted: 1, skipped: 0, conflicts: [] } }
  return { body: { ...record, version: 2, status: 'won' } }
}

describe('an edit', () => {
  it('shows at once, before the server has answered', async () => {
    const { wrapper, writer } = mountList(() => ({
      body: { ...record, version: 2, status: 'won' },
    }))
    await flushPromises()
    const saving = writer.update(yacht, record, { status: 'won' })
    await Promise.resolve()
    await wrapper.vm.$nextTick()
    expect(wrapper.text()).toBe('won')
    expect((await saving)?.version).toBe(2)
  })

  it('goes back and says why when the server refuses', async () => {
    const problem = {
      status: 403,
      code: 'FIELD_NOT_WRITABLE',
      detail: 'You may not change "status".',
      requestId: 'req-9',
    }
    const { wrapper, writer, services } = mountList(() => ({ status: 403, body: problem }))
    await flushPromises()
    expect(await writer.update(yacht, record, { status: 'won' })).toBeNull()
    await flushPromises()
    expect(wrapper.text()).toBe('new')
    const toast = services.toasts.list.value[0]
    expect(toast?.text).toContain('You may not change "status".')
    expect(toast?.requestId).toBe('req-9')
  })

  it('can be taken back: the change set that made this version is reverted', async () => {
    const { writer, takeBack, asked } = mountList(answerWithHistory)
    await flushPromises()
    await writer.update(yacht, record, { status: 'won' })
    await takeBack.undo()
    expect(asked.map((one) => `${one.method} ${one.path}`)).toContain('POST /changes/c7/revert')
  })

  it('can be taken back before the server has answered', async () => {
    let answer = (): void => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    const { writer, services, takeBack, asked } = mountList(async (request) => {
      if (request.method === 'PATCH') await answered
      return answerWithHistory(request)
    })
    await flushPromises()
    const saving = writer.update(yacht, record, { status: 'won' })
    const undone = takeBack.undo()
    answer()
    await saving
    await undone
    expect(services.undo.next.value?.label).toBe('Vega')
    expect(asked.map((one) => `${one.method} ${one.path}`)).toContain('POST /changes/c7/revert')
    expect(services.undo.last.value).toBeNull()
  })

  it('that was refused leaves nothing to take back', async () => {
    const { writer, services, takeBack } = mountList(() => ({
      status: 403,
      body: { status: 403, code: 'FIELD_NOT_WRITABLE', detail: 'No.', requestId: 'r' },
    }))
    await flushPromises()
    const saving = writer.update(yacht, record, { status: 'won' })
    const undone = takeBack.undo()
    expect(await saving).toBeNull()
    await undone
    expect(services.undo.next.value).toBeNull()
    await writer.update(yacht, record, { status: 'won' })
    expect(services.undo.last.value).toBeNull()
  })

  it('waits for an undo that is coming back, and does not collide with it', async () => {
    const undone = Promise.withResolvers<void>()
    const fresh = { ...record, version: 3, updatedBy: { type: 'user', id: 'u1', name: 'Ada' } }
    const { writer, takeBack, asked } = mountList(async (request) => {
      if (request.path.endsWith('/revert')) await undone.promise
      if (request.method === 'GET' && request.path === '/yachts/r1') return { body: fresh }
      return answerWithHistory(request)
    })
    await flushPromises()
    const saved = await writer.update(yacht, record, { status: 'won' })
    void takeBack.undo()
    await flushPromises()
    const onStale = async () => null
    const saving = writer.update(yacht, saved!, { name: 'Lyra' }, { onStale })
    await flushPromises()
    const writes = () => asked.filter(({ method }) => method === 'PATCH')
    expect(writes()).toHaveLength(1)
    undone.resolve()
    await saving
    expect(writes().map(({ ifMatch }) => ifMatch)).toEqual([null, '"3"'])
  })
})
