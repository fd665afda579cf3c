import type { HookChange, HookOutcome } from '@runwaycrm/sdk'

/** Deleting the record would hide a key that still opens the door. */
export function keepWorkingKeys({ before }: HookChange): HookOutcome | undefined {
  if (before?.['revoked'] === true) return undefined
  return { refuse: { message: 'Revoke the key first; then its record can be deleted.' } }
}
