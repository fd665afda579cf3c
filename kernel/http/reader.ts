import { type PlanItem, type ToldItem, toldItems } from '../model/plan-item.ts'
import { inReadersLanguage, type Words } from '../model/words.ts'
import type { Call } from './route.ts'

/** The words of whoever says with `Accept-Language` what they read; programs say nothing and get English. */
export function readerOf(call: Call): Words | undefined {
  const language = call.request.headers['accept-language']
  return language ? inReadersLanguage<Words>(call.context(), language) : undefined
}

export function itemsFor(call: Call, items: readonly PlanItem[]): ToldItem[] {
  return toldItems(items, readerOf(call))
}
