import type { WrittenRecord } from '@runwaycrm/sdk'
import type { Uses } from './steps/step-call.ts'

/** What a run would come to. */
export interface Costs {
  readonly writes: readonly {
    /** Reference of the entity. */
    readonly entity: string
    readonly create: number
    readonly update: number
    readonly delete: number
    readonly restore: number
  }[]
  readonly mails: number
  readonly requests: number
  readonly notifications: number
  readonly runs: number
  /** Of actions that say what a call costs, by unit. */
  readonly spent: readonly { readonly unit: string; readonly amount: number }[]
}

export function countUses(
  written: readonly Pick<WrittenRecord, 'entity' | 'op'>[],
  uses: readonly Uses[],
): Costs {
  const sum = (name: 'mails' | 'requests' | 'notifications' | 'runs') =>
    uses.reduce((total, one) => total + (one[name] ?? 0), 0)
  const spent = new Map<string, number>()
  for (const { cost } of uses) {
    if (cost) spent.set(cost.unit, (spent.get(cost.unit) ?? 0) + cost.amount)
  }
  return {
    writes: [...Map.groupBy(written, ({ entity }) => entity)].map(([entity, some]) => {
      const count = (op: WrittenRecord['op']) => some.filter((one) => one.op === op).length
      return {
        entity,
        ...{ create: count('create'), update: count('update') },
        ...{ delete: count('delete'), restore: count('restore') },
      }
    }),
    ...{ mails: sum('mails'), requests: sum('requests') },
    ...{ notifications: sum('notifications'), runs: sum('runs') },
    spent: [...spent].map(([unit, amount]) => ({ unit, amount: Number(amount.toFixed(6)) })),
  }
}
