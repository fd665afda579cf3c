import type { RecordData, Records } from './context.ts'
import { InvalidError, type IssueCode, NotFoundError } from './errors.ts'

/** @param path of the property that is wrong, e.g. `input.assignTo`. */
export function invalidAt(path: string, code: IssueCode, message: string) {
  return new InvalidError(message, { errors: [{ path, code, message }] })
}

/** One property of the input of an action is wrong. @param name below the input, e.g. `about.id`. */
export function invalidInput(name: string, code: IssueCode, message: string) {
  return invalidAt(`input.${name}`, code, message)
}

/**
 * A record that the input of an action names.
 *
 * @param name of the property with the id.
 * @throws InvalidError UNKNOWN_RECORD when it is missing or hidden from the caller.
 */
export async function recordOfInput(
  records: Pick<Records, 'get'>,
  entity: string,
  id: string,
  name: string,
  message = 'There is no such record, or you may not read it.',
): Promise<RecordData> {
  try {
    return await records.get(entity, id)
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    throw invalidInput(name, 'UNKNOWN_RECORD', message)
  }
}
