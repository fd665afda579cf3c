import type { Filter, Measure, Records } from '@runwaycrm/sdk'
import { leadEntity } from './settings.ts'

/**
 * Which conditions hold for one lead. The database answers, so a criterion means what the same filter
 * means in a view, relations and relative dates included.
 *
 * @param conditions key to filter; a key without one never holds.
 */
export async function holdingConditions(
  records: Records,
  leadId: string,
  conditions: Readonly<Record<string, Filter | undefined>>,
): Promise<ReadonlySet<string>> {
  const asked = Object.entries(conditions).filter(([, when]) => when !== undefined)
  const holding = new Set<string>()
  for (let start = 0; start < asked.length; start += batch) {
    const some = asked.slice(start, start + batch)
    const measures: Record<string, Measure> = {}
    // Keys are the admin's words, so the measures are numbered.
    for (const [index, [, filter]] of some.entries()) {
      measures[`c${index}`] = { count: '*', ...(filter ? { filter } : {}) }
    }
    const { data } = await records.aggregate(leadEntity, { filter: { id: leadId }, measures })
    for (const [index, [key]] of some.entries()) {
      if (Number(data[0]?.[`c${index}`] ?? 0) > 0) holding.add(key)
    }
  }
  return holding
}

const batch = 20
