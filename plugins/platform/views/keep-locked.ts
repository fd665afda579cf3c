import type { HookChange, HookOutcome } from '@runwaycrm/sdk'

/** What a locked view shows and to whom. */
const kept = ['name', 'entityRef', 'body', 'shared', 'roles']

/** A locked view stays as it is until somebody who may change it unlocks it. */
export function keepLocked({ operation, before, values }: HookChange): HookOutcome | undefined {
  if (before?.['locked'] !== true) return undefined
  if (operation === 'delete')
    return { refuse: { message: 'This view is locked. Unlock it before you delete it.' } }
  if (values['locked'] === false || !kept.some((name) => values[name] !== undefined))
    return undefined
  const message = 'This view is locked. Unlock it first, or save what you see as another view.'
  return { refuse: { field: 'locked', message } }
}
