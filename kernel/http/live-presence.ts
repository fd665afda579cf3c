/** Somebody who has a record open. */
export interface Watcher {
  readonly person: { readonly id: string; readonly name: string } | null
  /** Told whenever it may have changed who else looks; the watcher itself is not among them. */
  tell(others: readonly PresentPerson[]): void
}
export interface PresentPerson {
  readonly id: string
  readonly name: string
}

export interface Presence {
  /** @returns leaves again. */
  join(key: string, watcher: Watcher): () => void
}

/** Whoever walks through a list opens and leaves a record in no time; the others are told once. */
const gatherMs = 150
/** More faces than anybody looks at. */
const mostShown = 20

/** Who looks at which record, of the pages that are connected to this node. */
export function createPresence(gather = gatherMs): Presence {
  const watchers = new Map<string, Set<Watcher>>()
  const due = new Map<string, ReturnType<typeof setTimeout>>()

  function tellSoon(key: string): void {
    if (due.has(key)) return
    const timer = setTimeout(() => {
      due.delete(key)
      const here = watchers.get(key) ?? new Set()
      for (const watcher of here) watcher.tell(othersOf(watcher, here))
    }, gather)
    timer.unref()
    due.set(key, timer)
  }

  return {
    join(key, watcher) {
      const here = watchers.get(key) ?? new Set()
      watchers.set(key, here.add(watcher))
      tellSoon(key)
      return () => {
        if (!here.delete(watcher)) return
        if (here.size === 0 && watchers.get(key) === here) watchers.delete(key)
        else tellSoon(key)
      }
    },
  }
}

/** One person with three tabs is one person. */
function othersOf(watcher: Watcher, here: ReadonlySet<Watcher>): PresentPerson[] {
  const others = new Map<string, PresentPerson>()
  for (const { person } of here)
    if (person && person.id !== watcher.person?.id) others.set(person.id, person)
  return [...others.values()].slice(0, mostShown)
}
