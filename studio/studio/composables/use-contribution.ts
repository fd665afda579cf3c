import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, onScopeDispose, shallowRef, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError, errorText } from '../../api/api-error.ts'
import type { DraftOperation } from '../../api/studio.ts'
import { inReadersWords } from '../../i18n/said.ts'
import type { ContributionDetail } from '../api/definitions.ts'
import { operationsBetween, placeOf, revertOperation } from '../model/draft-edits.ts'
import { issuePlace } from '../model/issue-place.ts'
import {
  isJsonObject,
  type Json,
  type JsonObject,
  leafChanges,
  type Path,
  pathText,
  sameJson,
  valueAt,
  withValue,
} from '../model/leaf.ts'
import { type OverrideRule, overrideRule } from '../model/schema.ts'
import { studioKey, useDefinitionsApi, usePoints } from './use-definitions.ts'
import { useDraft } from './use-draft.ts'

export type Contribution = ReturnType<typeof useContribution>

/**
 * One contribution as it is being edited. What is written shows at once in every face; the draft takes it
 * leaf by leaf. What it refuses stays where it was written, with the reason beside it.
 */
export function useContribution(address: () => { readonly point: string; readonly ref: string }) {
  const api = useDefinitionsApi()
  const draft = useDraft()
  const client = useQueryClient()
  const { t } = useI18n()
  const { point: pointNamed } = usePoints()
  const queryKey = computed(() => [...studioKey, 'contribution', address().point, address().ref])
  const query = useQuery({
    queryKey,
    queryFn: () => api.contribution(address().point, address().ref),
    retry: false,
  })
  const detail = computed(() => query.data.value ?? null)
  const point = computed(() => pointNamed(address().point))
  /** What is written and not in the draft (yet). */
  const pending = shallowRef<JsonObject | null>(null)
  const problems = shallowRef<ReadonlyMap<string, string>>(new Map())
  const failure = shallowRef<unknown>(null)
  watch(queryKey, () => {
    pending.value = null
    problems.value = new Map()
    failure.value = null
  })
  const definition = computed<JsonObject>(() => pending.value ?? detail.value?.definition ?? {})
  const isOwn = computed(() => detail.value?.layer === 'own')
  let lane: Promise<unknown> = Promise.resolve()
  let isGone = false
  onScopeDispose(() => {
    isGone = true
  })

  function ownerOf(path: Path): 'own' | 'other' {
    const key = path[0] === 'fields' ? path[1] : undefined
    const origin = key === undefined ? undefined : detail.value?.fieldOrigins?.[key]
    return (origin?.layer ?? detail.value?.layer) === 'own' ? 'own' : 'other'
  }
  const rule = (path: Path): OverrideRule =>
    !draft.canWrite.value || detail.value?.state === 'removed'
      ? 'locked'
      : ownerOf(path) === 'own'
        ? 'free'
        : point.value
          ? overrideRule(point.value.schema, path)
          : 'locked'

  /** @param began what stood there when somebody began to write, which may have changed since. */
  const set = (
    path: Path,
    value: Json | undefined,
    label = '',
    began?: { readonly seen: Json | undefined },
  ): Promise<void> => {
    const next = withValue(definition.value, path, value)
    const isStale = began && !sameJson(began.seen, valueAt(detail.value?.definition, path))
    const seen = isStale && !problems.value.has(pathText(path)) ? [{ path, value: began.seen }] : []
    return isJsonObject(next) ? write(next, label, seen) : Promise.resolve()
  }
  /** A whole definition, as the JSON source has it. */
  const write = (next: JsonObject, label = '', began: readonly Seen[] = []): Promise<void> => {
    const before = definition.value
    pending.value = next
    const work = lane.then(() => send(before, next, label, began))
    lane = work.catch(() => {})
    return work
  }

  async function send(
    before: JsonObject,
    next: JsonObject,
    label: string,
    began: readonly Seen[],
  ): Promise<void> {
    const seen = detail.value
    if (!seen || isGone) return
    const all = asSeen(seen, operationsBetween(seen, seen.definition, next), began)
    const onlyThis = operationsBetween(seen, before, next)
    try {
      await take(seen, all, next, label)
    } catch (error) {
      const isMore = onlyThis.length > 0 && onlyThis.length < all.length
      const kept = isMore ? applied(seen.definition, before, next) : null
      // What was refused before does not stand in the way of the rest.
      if (kept && error instanceof ApiError && error.status === 422) {
        const first = error
        try {
          await take(seen, onlyThis, kept, label, next)
        } catch (second) {
          refuse(seen, second)
          return
        }
        refuse(seen, first)
        return
      }
      refuse(seen, error)
    }
  }

  async function take(
    seen: ContributionDetail,
    operations: readonly DraftOperation[],
    saved: JsonObject,
    label: string,
    rest: JsonObject | null = null,
  ): Promise<void> {
    const isSaved = await draft.edit(operations, { label, back: backOf(seen, operations) })
    if (!isSaved) {
      pending.value = null
      return
    }
    client.setQueryData<ContributionDetail>(queryKey.value, (now) =>
      now ? { ...now, definition: saved } : now,
    )
    problems.value = new Map()
    failure.value = null
    if (rest === null && sameJson(pending.value, saved)) pending.value = null
  }

  /** A leaf that still says what the layers beneath say goes back to that, and leaves no override. */
  function backOf(
    seen: ContributionDetail,
    operations: readonly DraftOperation[],
  ): readonly DraftOperation[] {
    return operations.toReversed().map((operation): DraftOperation => {
      const { target, path, from, value } = operation
      const at = { ...(target === undefined ? {} : { target }), path, from: value ?? null }
      const isOverride =
        seen.upstream !== null && target === `${seen.point}/${seen.ref}` && !isOverridden(path)
      return isOverride || from === null || from === undefined
        ? { op: 'unset', ...at }
        : { op: 'set', ...at, value: from }
    })
  }

  function refuse(seen: ContributionDetail, error: unknown): void {
    const found = new Map<string, string>()
    const rest: string[] = []
    if (error instanceof ApiError)
      for (const issue of error.issues) {
        const path = issuePlace(issue, seen)
        if (path && path.length > 0) found.set(pathText(path), issue.message)
        else rest.push(issue.message)
      }
    problems.value = found
    failure.value = found.size > 0 && rest.length === 0 ? null : error
  }

  const isOverridden = (path: Path): boolean =>
    (detail.value?.overrides ?? []).some(
      (one) =>
        one.path.every((step, at) => step === path[at]) ||
        path.every((step, at) => step === one.path[at]),
    )
  /** Takes the organisation's own value away, so that the layers beneath speak again. */
  async function revert(path: Path): Promise<void> {
    const seen = detail.value
    if (!seen) return
    pending.value = null
    try {
      const at = valueAt(seen.definition, path)
      await draft.edit([revertOperation(seen, path, at)], {
        label: t('studio.reverted'),
        back: [
          {
            op: 'set',
            ...placeOf(seen, path),
            from: valueAt(seen.upstream ?? {}, path) ?? null,
            value: at ?? null,
          },
        ],
      })
      problems.value = new Map()
    } catch (error) {
      refuse(seen, error)
    }
  }
  /** What is new as a whole is not changed in its parts. */
  const isChanged = (path: Path): boolean => {
    const published = detail.value?.published
    if (!published || !isJsonObject(valueAt(published, path.slice(0, -1)))) return false
    return !sameJson(valueAt(definition.value, path), valueAt(published, path))
  }

  /** Problems of the draft itself, and what it refused just now. */
  const allProblems = computed(() => {
    const found = new Map<string, string>()
    for (const one of detail.value?.problems ?? [])
      found.set(
        typeof one.path === 'string' ? one.path : pathText(one.path),
        inReadersWords([one.message, one.hint].filter(Boolean).join(' ')),
      )
    for (const [path, text] of problems.value) found.set(path, text)
    return found
  })
  draft.watchProblems(computed(() => problems.value.size + (failure.value ? 1 : 0)))

  return {
    query,
    detail,
    point,
    definition,
    isOwn,
    isPending: computed(() => pending.value !== null),
    problems: allProblems,
    failure,
    failureText: computed(() => (failure.value ? errorText(failure.value) : '')),
    rule,
    set,
    write,
    revert,
    isOverridden,
    isChanged,
    /** Gives up what the draft refused. */
    giveUp(): void {
      pending.value = null
      problems.value = new Map()
      failure.value = null
    },
  }
}

/** What an editor saw at a path when they began. */
export interface Seen {
  readonly path: Path
  readonly value: Json | undefined
}

/** The operation says what its editor saw, not what came since: the server tells both values. */
function asSeen(
  detail: ContributionDetail,
  operations: readonly DraftOperation[],
  began: readonly Seen[],
): readonly DraftOperation[] {
  const seen = new Map(
    began.map(({ path, value }) => [pathText(placeOf(detail, path).path), value ?? null] as const),
  )
  return operations.map((one) => {
    const from = seen.get(pathText(one.path))
    return from === undefined ? one : { ...one, from }
  })
}

/** What one step changed, on top of what the draft holds. */
function applied(saved: JsonObject, before: JsonObject, after: JsonObject): JsonObject | null {
  const result = leafChanges(before, after).reduce<Json | undefined>(
    (document, change) => withValue(document, change.path, change.after),
    saved,
  )
  return isJsonObject(result) ? result : null
}
