import type { HookChange, HookOutcome } from '@runwaycrm/sdk'

/** The last day is not before the first. */
export function checkGoal({ before, values }: HookChange): HookOutcome | undefined {
  const of = (name: string) => (values[name] === undefined ? before?.[name] : values[name])
  const [from, to] = [of('from'), of('to')]
  if (typeof from === 'string' && typeof to === 'string' && to < from)
    return { refuse: { field: 'to', message: 'The last day is before the first.' } }
  return undefined
}
