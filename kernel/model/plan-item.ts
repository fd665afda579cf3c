import type { PlannedUse } from './plan-uses.ts'
import { type Sentence, say } from './sentence.ts'
import type { Words } from './words.ts'

export type Severity = 'safe' | 'breaking' | 'destructive'

/** One thing that publishing would change, in plain words. */
export interface PlanItem {
  readonly severity: Severity
  /** `entities/crm.leads:lead/fields/budget`. */
  readonly path: string
  /** In English. */
  readonly text: string
  /** The same, for readers of other languages. */
  readonly says: Sentence
  /** The place of a field that is called otherwise now. */
  readonly formerly?: string
  /** The records that it touches, e.g. those without a value that becomes required. */
  readonly affects: readonly { readonly entity: string; readonly records: number }[]
  /** What refers to what is changed or goes away. */
  readonly usedBy?: readonly PlannedUse[]
  /** Publishing is refused while it is so. */
  readonly blocking?: true
}

export function planned(
  severity: Severity,
  path: string,
  says: Sentence,
  affects: PlanItem['affects'] = [],
): PlanItem {
  return { severity, path, text: say(says), says, affects }
}

/** Items of a plan as somebody reads them. */
export type ToldItem = Omit<PlanItem, 'says'> & { readonly code: string }

/** @param words of the reader; without them it is English. */
export function toldItems(items: readonly PlanItem[], words?: Words): ToldItem[] {
  return items.map(({ says, text, ...item }) => ({
    ...item,
    code: says.key,
    text: words ? say(says, words) : text,
  }))
}
