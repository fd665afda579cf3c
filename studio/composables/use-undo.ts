import { type ShallowRef, shallowRef } from 'vue'

/** A deed of this person in this tab that can be taken back. */
export interface UndoEntry {
  readonly label: string
  /** The change sets that it was, in their order; those of a deed that runs come when it has. */
  changes: readonly string[]
  /** One write whose change set is found by the version that it made. */
  made?: MadeVersion
  /** While the server has not answered: settles when it has. */
  running?: Promise<unknown>
  /** Of what has not been sent yet: takes it back here. @returns false when it is too late for that. */
  cancel?: () => boolean
  /** Of what may still run at the server: stops it, so that nothing is written behind its undoing. */
  readonly stop?: () => Promise<unknown>
  /** What is said when it is taken back, where "Undone" says too much. */
  readonly done?: string
  /** The notice that offers it, which goes when it is taken back. */
  toast?: number
}

export interface MadeVersion {
  readonly plural: string
  readonly id: string
  readonly version: number
}

export interface Undo {
  /** What Cmd+Z would take back. */
  readonly last: Readonly<ShallowRef<UndoEntry | null>>
  /** What Cmd+Shift+Z would do again. */
  readonly next: Readonly<ShallowRef<UndoEntry | null>>
  /** A new deed; what was taken back before can no longer be done again. */
  push(entry: UndoEntry): void
  /** Forgets a deed that did not happen after all, or whose way back is gone. */
  withdraw(entry: UndoEntry): void
  /** Takes the entry off its pile, the last one unless it is named. */
  take(from: 'undo' | 'redo', entry?: UndoEntry): UndoEntry | null
  /** Puts one on a pile and leaves the other alone. */
  put(on: 'undo' | 'redo', entry: UndoEntry): void
  /** The deed has got its change sets. */
  keep(): void
  /** One after the other, however fast the keys come. */
  inOrder(work: () => Promise<void>): Promise<void>
  /** Settles when what is being taken back, or done again, has come back; null when nothing is. */
  pending(): Promise<void> | null
  /** Goes on where this person stopped in this tab; what somebody else did here is not theirs. */
  attach(scope: string): void
}

const kept = 50
const keyOf = (scope: string): string => `runway.undo.${scope}`
type Pile = 'undo' | 'redo'
interface Kept {
  readonly undo: readonly UndoEntry[]
  readonly redo: readonly UndoEntry[]
}

/** @param storage of the tab; without one it is forgotten by a reload. */
export function createUndo(storage: Pick<Storage, 'getItem' | 'setItem'> | null = null): Undo {
  const piles: Record<Pile, readonly UndoEntry[]> = { undo: [], redo: [] }
  const last = shallowRef<UndoEntry | null>(null)
  const next = shallowRef<UndoEntry | null>(null)
  let scope: string | null = null
  let running: Promise<void> = Promise.resolve()
  let underWay = 0

  function set(pile: Pile, entries: readonly UndoEntry[]): void {
    piles[pile] = entries.slice(-kept)
    last.value = piles.undo.at(-1) ?? null
    next.value = piles.redo.at(-1) ?? null
    keep()
  }
  function keep(): void {
    if (scope === null) return
    const value: Kept = {
      undo: piles.undo.flatMap(stored),
      redo: piles.redo.flatMap(stored),
    }
    try {
      storage?.setItem(keyOf(scope), JSON.stringify(value))
    } catch {
      // A full storage: the tab remembers until it is loaded again.
    }
  }

  return {
    last,
    next,
    keep,
    push(entry) {
      set('undo', [...piles.undo, entry])
      set('redo', [])
    },
    withdraw: (entry) =>
      set(
        'undo',
        piles.undo.filter((one) => one !== entry),
      ),
    take(pile, entry = piles[pile].at(-1)) {
      if (!entry || !piles[pile].includes(entry)) return null
      set(
        pile,
        piles[pile].filter((one) => one !== entry),
      )
      return entry
    },
    put: (pile, entry) => set(pile, [...piles[pile], entry]),
    inOrder(work) {
      underWay += 1
      const next = running.then(work)
      running = next
        .catch(() => {})
        .then(() => {
          underWay -= 1
        })
      return next
    },
    pending: () => (underWay === 0 ? null : running),
    attach(wanted) {
      if (scope === wanted) return
      const before = read(storage, wanted)
      scope = wanted
      // At once, or what is kept of one pile would be written over with the other's of somebody else.
      piles.redo = before?.redo ?? []
      set('undo', before?.undo ?? [])
    },
  }
}

/** What outlives a reload: only what is known to be in the ledger. */
function stored({ label, changes, made, done }: UndoEntry): readonly UndoEntry[] {
  if (changes.length === 0 && !made) return []
  return [{ label, changes, ...(made ? { made } : {}), ...(done === undefined ? {} : { done }) }]
}

function read(storage: Pick<Storage, 'getItem'> | null, scope: string): Kept | null {
  try {
    const found = JSON.parse(storage?.getItem(keyOf(scope)) ?? 'null') as Kept | null
    return found && Array.isArray(found.undo) && Array.isArray(found.redo) ? found : null
  } catch {
    return null
  }
}
