import type { FieldValues, RecordData } from '@runwaycrm/sdk'
import { type ShallowRef, shallowRef } from 'vue'
import type { UndoEntry } from './use-undo.ts'

/** An edit that the server has not heard of, because it could not be reached. */
export interface WaitingEdit {
  /** Reference of the entity. */
  readonly entity: string
  readonly id: string
  /** Of the record, for people. */
  readonly name: string
  readonly values: FieldValues
  /** What stood there when the edit began. */
  readonly seen: FieldValues
  /** Of the record that was seen. */
  readonly version: number
}

/** Edits wait here while the server is away, in their order, through a reload of the tab. */
export interface Outbox {
  readonly list: Readonly<ShallowRef<readonly WaitingEdit[]>>
  /** Whether the last thing that was asked of the server got no answer. */
  readonly isAway: ShallowRef<boolean>
  /** @param deed goes from Cmd+Z when the edit is taken back here. */
  add(edit: WaitingEdit, deed?: UndoEntry): void
  deedOf(edit: WaitingEdit): UndoEntry | undefined
  /** @param saved the version that it has become. */
  remove(edit: WaitingEdit, saved?: number): void
  /** The record as it will be once its edits are sent. */
  over(record: RecordData): RecordData
  has(id: string, field?: string): boolean
  /** Goes on where this person stopped in this tab. */
  attach(scope: string): void
}

const keyOf = (scope: string): string => `runway.outbox.${scope}`

/** @param storage of the tab. */
export function createOutbox(storage: Pick<Storage, 'getItem' | 'setItem'> | null = null): Outbox {
  const list = shallowRef<readonly WaitingEdit[]>([])
  const isAway = shallowRef(false)
  const deeds = new Map<WaitingEdit, UndoEntry>()
  let scope: string | null = null

  function set(next: readonly WaitingEdit[]): void {
    list.value = next
    if (scope === null) return
    try {
      storage?.setItem(keyOf(scope), JSON.stringify(next))
    } catch {
      // A full storage: the edits wait as long as the tab is not loaded again.
    }
  }
  const of = (id: string): readonly WaitingEdit[] => list.value.filter((edit) => edit.id === id)

  return {
    list,
    isAway,
    add(edit, deed) {
      if (deed) deeds.set(edit, deed)
      set([...list.value, edit])
    },
    deedOf: (edit) => deeds.get(edit),
    remove(edit, saved) {
      deeds.delete(edit)
      set(
        list.value.flatMap((one) => {
          if (one === edit) return []
          // What is left for the record was written on top of what has just been saved.
          if (one.id !== edit.id || saved === undefined || one.version !== edit.version)
            return [one]
          const rebased = { ...one, version: saved }
          const deed = deeds.get(one)
          if (deed) deeds.set(rebased, deed)
          return [rebased]
        }),
      )
    },
    over(record) {
      const edits = of(record.id)
      return edits.length === 0
        ? record
        : Object.assign({}, record, ...edits.map((one) => one.values))
    },
    has: (id, field) =>
      list.value.some((edit) => edit.id === id && (field === undefined || field in edit.values)),
    attach(wanted) {
      if (scope === wanted) return
      scope = wanted
      list.value = read(storage, wanted)
    },
  }
}

function read(storage: Pick<Storage, 'getItem'> | null, scope: string): readonly WaitingEdit[] {
  try {
    const found: unknown = JSON.parse(storage?.getItem(keyOf(scope)) ?? '[]')
    return Array.isArray(found) ? (found as readonly WaitingEdit[]) : []
  } catch {
    return []
  }
}
