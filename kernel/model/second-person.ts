import { type Actor, type FieldValues, ForbiddenError, type Principal } from '@runwaycrm/sdk'
import type { Tx } from '../database/postgres.ts'
import type { DraftEditor } from './desk.ts'

/** The kernel's own setting about who publishes. */
export const publishingSettings = 'kernel:publishing'

/** @param settings of the organisation. @returns whether it wants two people for a publish. */
export const wantsSecondPerson = (settings: ReadonlyMap<string, FieldValues>): boolean =>
  settings.get(publishingSettings)?.['secondPerson'] === true

/**
 * Where an organisation wants two people for a publish: nobody publishes what they changed themselves, also
 * not through a key that they made.
 *
 * @throws ForbiddenError
 */
export async function needSecondPerson(
  tx: Tx,
  settings: ReadonlyMap<string, FieldValues>,
  editors: readonly DraftEditor[],
  publisher: Principal,
): Promise<void> {
  if (!wantsSecondPerson(settings)) return
  const keys = [...editors, publisher].flatMap(({ type, id }) => (type === 'key' && id ? [id] : []))
  const { rows } = await tx.one<{ id: string; created_by: Actor }>({
    text: 'select id, created_by from kernel.key_makers($1)',
    values: [keys],
  })
  const makers = new Map(rows.map((row) => [row.id, row.created_by]))
  const personOf = ({ type, id }: Pick<Actor, 'type' | 'id'>): string => {
    const { type: kind, id: who } = (type === 'key' && makers.get(id ?? '')) || { type, id }
    return `${kind} ${who}`
  }
  const mine = personOf(publisher)
  if (!editors.some((editor) => personOf(editor) === mine)) return
  throw new ForbiddenError(
    'Two people are needed: whoever changed the draft may not publish it. ' +
      'Ask somebody else who may shape the organisation to look at the plan and publish it.',
  )
}
