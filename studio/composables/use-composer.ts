import type { EntityInfo, FieldInfo, RecordData } from '@runwaycrm/sdk'
import { computed, ref, watch } from 'vue'
import type { ComposerInfo } from '../api/model.ts'
import { type DraftPlace, readDraft, writeDraft } from '../model/composer-draft.ts'
import { composedValues, composerStart } from '../model/composer-values.ts'
import { useModel } from './use-model.ts'
import { useRecordWriter } from './use-record-writer.ts'

type Written = Readonly<Record<string, unknown>>

/** What is being written about a record; it survives a reload, per person and record. */
export function useComposer(entity: () => EntityInfo, record: () => RecordData) {
  const model = useModel()
  const writer = useRecordWriter()
  const choices = computed<readonly ComposerInfo[]>(() =>
    model.value.composers.filter((one) => model.value.entity(one.entity)?.can.create),
  )
  const place = (): DraftPlace => ({
    org: model.value.model.org.id,
    person: model.value.model.me.id,
    entity: entity().ref,
    record: record().id,
  })
  const kept = readDraft(localStorage, place())
  const written = ref<Readonly<Record<string, Written>>>(kept?.values ?? {})
  const chosenRef = ref(kept?.composer ?? '')
  const chosen = computed(
    () => choices.value.find((one) => one.ref === chosenRef.value) ?? choices.value[0] ?? null,
  )
  const target = computed(() => (chosen.value ? model.value.entity(chosen.value.entity) : null))
  const targetFields = computed(() =>
    target.value ? model.value.fields(target.value) : new Map<string, FieldInfo>(),
  )
  const fields = computed<readonly FieldInfo[]>(
    () =>
      chosen.value?.fields
        .flatMap((name) => targetFields.value.get(name) ?? [])
        .filter((field) => field.can.create && !field.readOnly) ?? [],
  )
  const body = computed(() => targetFields.value.get(chosen.value?.body ?? '') ?? null)

  const mine = computed<Written>(() => written.value[chosen.value?.ref ?? ''] ?? {})
  const values = computed<Written>(() => {
    if (!chosen.value) return {}
    const about = { record: record(), fields: model.value.fields(entity()) }
    const me = model.value.model.me.id
    return { ...composerStart(chosen.value, targetFields.value, about, me), ...mine.value }
  })
  const composed = () =>
    chosen.value && target.value
      ? composedValues(chosen.value, target.value, values.value, {
          about: { entity: entity().ref, id: record().id },
          me: model.value.model.me.id,
          now: new Date(),
        })
      : null
  const isKept = ref(true)
  watch([written, chosenRef], () => {
    const draft = { composer: chosen.value?.ref ?? '', values: written.value }
    isKept.value = writeDraft(localStorage, place(), draft, Date.now())
  })

  function put(next: Written): void {
    const ref = chosen.value?.ref
    if (ref !== undefined) written.value = { ...written.value, [ref]: next }
  }

  return {
    choices,
    chosen,
    fields,
    body,
    values,
    isKept,
    /** Whether there is nothing to save; an address that was filled in is nothing. */
    isBlank: computed(() => composed() === null),
    choose: (ref: string) => {
      chosenRef.value = ref
    },
    set: (field: string, value: unknown) => put({ ...mine.value, [field]: value }),
    discard: () => put({}),
    /** @throws {ApiError} */
    async save(): Promise<void> {
      const entityOf = target.value
      const made = composed()
      if (!entityOf || !made) return
      await writer.create(entityOf, made)
      put({})
    },
  }
}
