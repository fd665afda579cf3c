import { flushPromises } from '@vue/test-utils'
import { afterEach, expect, it } from 'vitest'
import { computed, defineComponent, h, shallowRef } from 'vue'
import { useModel } from '../../composables/use-model.ts'
import { mountWithModel } from '../../testing/mount-with-model.ts'
import type { Contribution } from '../composables/use-contribution.ts'
import { provideForm } from '../composables/use-form.ts'
import { useStudioWords } from '../composables/use-studio-words.ts'
import { type Json, type JsonObject, type Path, valueAt, withValue } from '../model/leaf.ts'
import { changeOperators, plainOperators } from '../model/rule-tree.ts'
import FormRule from './FormRule.vue'

const path = ['when']
/** The builder inside a definition that keeps what it is told. */
function build(rule: Json | undefined) {
  const definition = shallowRef<JsonObject>({
    entity: 't:yacht',
    steps: { ask: {} },
    ...(rule === undefined ? {} : { when: rule }),
  })
  const contribution = {
    ...{ definition, detail: shallowRef(null), point: shallowRef(null) },
    set: async (at: Path, value: Json | undefined) => {
      definition.value = withValue(definition.value, at, value) as JsonObject
    },
  }
  const Around = defineComponent(() => {
    useStudioWords()
    const model = useModel()
    provideForm(
      contribution as unknown as Contribution,
      computed(() => model.value),
    )
    return () => h(FormRule, { id: 'r', path, schema: {}, label: 'When', isLocked: false })
  })
  const { wrapper } = mountWithModel(Around, {})
  return {
    wrapper,
    rule: () => valueAt(definition.value, path),
    write: (next: Json) => {
      definition.value = { ...definition.value, when: next }
      return flushPromises()
    },
    sentence: () => wrapper.find('[role=status]').text(),
    choose: async (label: string, value: string) => {
      await wrapper.find(`[aria-label="${label}"]`).setValue(value)
      await flushPromises()
    },
  }
}
afterEach(() => {
  document.body.innerHTML = ''
})

const of = (fact: string, at: string, operator: string, value: Json): JsonObject => ({
  ...{ fact, path: at, operator, value },
})
const valueFor = (operator: string): Json =>
  operator === '$exists' ? false : operator.endsWith('in') ? ['won', 'new'] : 'won'
const everyOperator: readonly JsonObject[] = [
  ...plainOperators.flatMap((operator) => [
    of('record', 'status', operator, valueFor(operator)),
    of('record', 'name', operator, valueFor(operator)),
    of('record', 'owner.name', operator, valueFor(operator)),
    of('record', 'closeDate', operator, operator.endsWith('in') ? ['@today'] : '@today-7d'),
    of('steps', 'ask.output', operator, valueFor(operator)),
  ]),
  ...changeOperators.map((operator) =>
    of('change', 'status', operator, operator === '$changed' ? true : 'won'),
  ),
]
const unknown: readonly Json[] = [
  of('record', '$.a[?(@.b)]', '$eq', 1),
  of('record', 'name', 'madeUp', 1),
  of('record', 'name', '$not', { $contains: 'x' }),
  { fact: 'record', path: 'name', operator: '$eq' },
  { ...of('record', 'name', '$eq', 'x'), priority: 3 },
  { condition: 'elsewhere' },
  { all: [] },
]

it('draws every operator of every kind of field, and gives back what it was given', async () => {
  const nested: Json = {
    all: [
      { any: [...everyOperator] },
      { not: { any: [of('record', 'status', '$eq', 'new'), of('vars', 'n', '$gt', 3)] } },
      ...unknown,
    ],
  }
  const { wrapper, rule, choose } = build(nested)
  await flushPromises()
  expect(rule()).toEqual(nested)
  const shown = wrapper.findAll('code').map((one) => one.text())
  expect(shown).toEqual(unknown.map((one) => JSON.stringify(one)))
  await choose('Which of these must hold', 'any')
  expect(rule()).toEqual({ any: nested.all })
})

it('builds conditions and groups, says them in a sentence, and follows the source', async () => {
  const { wrapper, rule, write, sentence, choose } = build(undefined)
  expect(sentence()).toBe('Always true: no condition is set.')
  const click = async (name: string, at = 0) => {
    await wrapper
      .findAll('button')
      .filter((one) => one.text() === name)
      .at(at)
      ?.trigger('click')
    await flushPromises()
  }
  const option = async (name: string) => {
    const all = [...document.querySelectorAll<HTMLElement>('[role=option]')]
    all.find((one) => one.textContent?.trim() === name)?.click()
    await flushPromises()
  }
  await click('Condition')
  await option('Close date')
  await wrapper.findAll('.chip button')[0]?.trigger('click')
  await write({ all: [of('record', 'closeDate', '$gt', '2026-11-01')] })
  await choose('Kind of day', 'ago')
  await choose('Value to compare with', '30')
  await choose('How it compares', '$gte')
  expect(rule()).toEqual({ all: [of('record', 'closeDate', '$gte', '@today-30d')] })
  expect(sentence()).toBe('Close date is from 30 days ago')
  await choose('How it compares', 'within')
  expect(wrapper.find('.chip').text()).toContain('is in')
  await write({
    all: [
      of('record', 'value', '$gte', 80),
      { any: [of('record', 'status', '$in', ['new', 'won']), of('steps', 'ask', '$eq', '80')] },
    ],
  })
  expect(sentence()).toBe(
    'Value is at least 80 and (Status is one of New, Won or Earlier step ask is 80)',
  )
  const lines = wrapper.findAll<HTMLInputElement>('input[aria-label="Value to compare with"]')
  expect(lines.map((one) => one.element.value)).toEqual(['"80"'])
  await lines[0]?.setValue('81')
  expect(rule()).toHaveProperty('all.1.any.1.value', 81)
})
