export interface Limits {
  readonly fastestSeconds: number
  readonly oldestHours: number
  /** Within ten minutes. */
  readonly mostPerVisitor: number
  readonly mostPerForm: number
}

export interface Signs {
  readonly isTrapped: boolean
  readonly ageSeconds: number
  readonly links: number
  readonly mostLinks: number | undefined
  /** Within ten minutes, this one not counted. */
  readonly fromVisitor: number
  readonly ofForm: number
}

export type Reason = 'trap' | 'too_fast' | 'too_old' | 'too_many' | 'links' | 'taken' | 'refused'

/** Why a person should look at it first; null when nothing speaks against it. Pure. */
export function judge(signs: Signs, limits: Limits): Reason | null {
  if (signs.isTrapped) return 'trap'
  if (signs.ageSeconds < limits.fastestSeconds) return 'too_fast'
  if (signs.ageSeconds > limits.oldestHours * 3600) return 'too_old'
  if (signs.fromVisitor >= limits.mostPerVisitor || signs.ofForm >= limits.mostPerForm)
    return 'too_many'
  if (signs.mostLinks !== undefined && signs.links > signs.mostLinks) return 'links'
  return null
}
