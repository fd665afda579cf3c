import type { IssueCode, Parsed } from '@runwaycrm/sdk'

/** Null is a blank value. */
export function stored(main: unknown, parts?: Readonly<Record<string, unknown>>): Parsed {
  return { ok: true, value: parts ? { main, parts } : { main } }
}

/** @param path below the field, e.g. `amount`. */
export function refused(code: IssueCode, message: string, path?: string): Parsed {
  return { ok: false, problem: path ? { code, message, path } : { code, message } }
}
