import { flushPromises } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { reactive } from 'vue'
import type { ActionInfo } from '../api/model.ts'
import { mountWithModel } from '../testing/mount-with-model.ts'
import ActionDialog from './ActionDialog.vue'

const action = (key: string, more: Partial<ActionInfo> = {}): ActionInfo => ({
  ...{ ref: `test.plugin:${key}`, plugin: 'test.plugin', label: key, order: 10 },
  ...{ risk: 'write', input: { type: 'object', properties: {} }, on: null },
  ...more,
})

/** Opens an action whose answer comes when the test says so. */
function open(first: ActionInfo) {
  const closed: string[] = []
  const props = reactive<Record<string, unknown>>({
    ...{ action: first, ids: [] },
    onClose: () => {
      closed.push((props['action'] as ActionInfo | null)?.ref ?? '')
      props['action'] = null
    },
  })
  const answers: ((answer: { status?: number; body: unknown }) => void)[] = []
  const mounted = mountWithModel(ActionDialog, props, ({ method }) =>
    method === 'POST'
      ? new Promise((resolve) => answers.push(resolve))
      : { body: { data: [], page: { nextCursor: null } } },
  )
  return { ...mounted, props, closed, answers }
}
const button = (text: string): HTMLButtonElement | undefined =>
  [...document.querySelectorAll('button')].find((one) => one.textContent?.trim() === text)

describe('the dialog of an action', () => {
  it('leaves alone what was opened meanwhile, and says what became of the first', async () => {
    const { props, closed, answers, services, wrapper } = open(action('First'))
    await flushPromises()
    button('Run')?.click()
    await flushPromises()
    button('Cancel')?.click()
    await flushPromises()
    props['action'] = action('Second')
    await flushPromises()
    answers[0]?.({ status: 409, body: { code: 'CONFLICT', detail: 'It was done before.' } })
    await flushPromises()
    expect(document.body.textContent).not.toContain('It was done before.')
    button('Run')?.click()
    await flushPromises()
    expect(answers).toHaveLength(2)
    answers[1]?.({ body: { output: { secret: 'of the second' } } })
    await flushPromises()
    expect(document.body.textContent).toContain('of the second')
    expect(closed).toEqual(['test.plugin:First'])
    expect(services.toasts.list.value.map(({ text }) => text)).toContain(
      'First: It was done before.',
    )
    wrapper.unmount()
  })

  it('says that something was copied only when it was', async () => {
    const { answers, services, wrapper } = open(action('Make', { shownOnce: ['secret'] }))
    await flushPromises()
    button('Run')?.click()
    await flushPromises()
    answers[0]?.({ body: { output: { secret: 'abc' } } })
    await flushPromises()
    Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })
    document.querySelector<HTMLButtonElement>('[aria-label="Copy"]')?.click()
    await flushPromises()
    const texts = services.toasts.list.value.map(({ text, tone }) => `${tone} ${text}`)
    expect(texts).not.toContain('success Copied')
    expect(texts.some((one) => one.startsWith('danger'))).toBe(true)
    wrapper.unmount()
  })
})
