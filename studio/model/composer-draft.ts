/** What somebody began to write about a record, kept on this device until it is saved. */
export interface ComposerDraft {
  /** Reference of the composer that was open. */
  readonly composer: string
  /** By composer, then by field. */
  readonly values: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

export interface DraftPlace {
  readonly org: string
  /** Two people on one device do not read each other's drafts. */
  readonly person: string
  readonly entity: string
  readonly record: string
}

const prefix = 'runway.draft.'
const keptMs = 30 * 86_400_000
const most = 50

const keyOf = ({ org, person, entity, record }: DraftPlace): string =>
  `${prefix}${[org, person, entity, record].join('.')}`

/** @returns null when there is none, or none that can be read. */
export function readDraft(storage: Storage, place: DraftPlace): ComposerDraft | null {
  const kept = parse(storage.getItem(keyOf(place)))
  return kept && typeof kept.composer === 'string' && isObject(kept.values)
    ? { composer: kept.composer, values: kept.values }
    : null
}

/**
 * Keeps a draft; one without a word in it is forgotten. Old ones make room.
 *
 * @returns false when the storage is full or closed: then the draft lives as long as the page.
 */
export function writeDraft(
  storage: Storage,
  place: DraftPlace,
  draft: ComposerDraft,
  now: number,
): boolean {
  const key = keyOf(place)
  const isBlank = Object.values(draft.values).every((values) =>
    Object.values(values).every((value) => value === null || value === '' || value === undefined),
  )
  try {
    if (isBlank) {
      storage.removeItem(key)
      return true
    }
    prune(storage, key, now)
    storage.setItem(key, JSON.stringify({ ...draft, at: now }))
    return true
  } catch {
    return false
  }
}

function prune(storage: Storage, but: string, now: number): void {
  const drafts = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '')
    .filter((key) => key.startsWith(prefix) && key !== but)
    .map((key) => ({ key, at: Number(parse(storage.getItem(key))?.at ?? 0) }))
    .toSorted((a, b) => b.at - a.at)
  for (const [index, { key, at }] of drafts.entries())
    if (index >= most - 1 || now - at > keptMs) storage.removeItem(key)
}

function parse(text: string | null): (Partial<ComposerDraft> & { readonly at?: unknown }) | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null')
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

const isObject = (value: unknown): value is Record<string, never> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
