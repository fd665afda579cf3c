import type { EntityInfo, FieldInfo, FieldValues, RecordData } from '@runwaycrm/sdk'
import { computed, type ShallowRef, shallowRef } from 'vue'
import type { ActorInfo } from '../api/records.ts'

/** Two people wrote the same field: what each wrote. */
export interface EditConflict {
  readonly entity: EntityInfo
  /** As it is at the server by now. */
  readonly record: RecordData
  readonly field: FieldInfo
  readonly mine: unknown
  readonly theirs: unknown
  readonly by: ActorInfo | null
  readonly at: string | null
  /** All that was written together. */
  readonly values: FieldValues
}

/** Conflicts that wait for a decision; they are shown one after the other. */
export interface Conflicts {
  readonly first: Readonly<ShallowRef<EditConflict | null>>
  add(conflict: Omit<EditConflict, 'mine' | 'theirs' | 'by' | 'at'>): void
  /** Takes the first one off. */
  take(): EditConflict | null
}

export function createConflicts(): Conflicts {
  const list = shallowRef<readonly EditConflict[]>([])
  return {
    first: computed(() => list.value[0] ?? null),
    add(conflict) {
      const { record, field, values } = conflict
      const added: EditConflict = {
        ...conflict,
        mine: values[field.apiName],
        theirs: record[field.apiName] ?? null,
        by: (record['updatedBy'] as ActorInfo | undefined) ?? null,
        at: typeof record['updatedAt'] === 'string' ? record['updatedAt'] : null,
      }
      list.value = [...list.value, added]
    },
    take() {
      const [first = null, ...rest] = list.value
      list.value = rest
      return first
    },
  }
}
