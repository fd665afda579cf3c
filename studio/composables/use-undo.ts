import { type ShallowRef, shallowRef } from 'vue'

/** A deed of this person in this tab that can be taken back. */
export interface UndoEntry {
  readonly label: string
  /** The notice that offers it, which goes when it is taken back. */
  toast?: number
  /** @returns false when there turned out to be nothing to take back. */
  run(): Promise<unknown>
}

export interface Undo {
  /** Whether Cmd+Z would do something. */
  readonly last: Readonly<ShallowRef<UndoEntry | null>>
  push(entry: UndoEntry): void
  /** Forgets a deed that did not happen after all. */
  withdraw(entry: UndoEntry): void
  /** Takes back the last deed, or the given one. */
  undo(entry?: UndoEntry): Promise<UndoEntry | null>
}

const kept = 50

export function createUndo(): Undo {
  let stack: readonly UndoEntry[] = []
  const last = shallowRef<UndoEntry | null>(null)
  const set = (next: readonly UndoEntry[]): void => {
    stack = next
    last.value = next.at(-1) ?? null
  }
  return {
    last,
    push: (entry) => set([...stack, entry].slice(-kept)),
    withdraw: (entry) => set(stack.filter((one) => one !== entry)),
    async undo(entry = stack.at(-1)) {
      if (!entry || !stack.includes(entry)) return null
      set(stack.filter((one) => one !== entry))
      return (await entry.run()) === false ? null : entry
    },
  }
}
