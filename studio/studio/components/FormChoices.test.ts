import { expect, it } from 'vitest'
import { computed, defineComponent, h, shallowRef } from 'vue'
import { useModel } from '../../composables/use-model.ts'
import { mountWithModel } from '../../testing/mount-with-model.ts'
import type { Contribution } from '../composables/use-contribution.ts'
import { provideForm } from '../composables/use-form.ts'
import { useStudioWords } from '../composables/use-studio-words.ts'
import FormChoices from './FormChoices.vue'

it('calls several choices what their schema says, as it does single ones', () => {
  const items = { enum: ['on_create', 'other_way'], 'x-words': { on_create: 'When it is new' } }
  const Around = defineComponent(() => {
    useStudioWords()
    const model = useModel()
    const contribution = {
      ...{ definition: shallowRef({ on: ['on_create'] }), detail: shallowRef(null) },
      point: shallowRef(null),
    }
    provideForm(
      contribution as unknown as Contribution,
      computed(() => model.value),
    )
    const schema = { type: 'array', items }
    return () => h(FormChoices, { path: ['on'], schema, label: 'On', isLocked: false })
  })
  const { wrapper } = mountWithModel(Around, {})
  const labels = wrapper.findAll('label').map((one) => one.text())
  expect(labels).toEqual(['When it is new', 'Other way'])
})
