/** What people are told of. */
export type Kind =
  | 'assigned'
  | 'approval'
  | 'mentioned'
  | 'due'
  | 'overdue'
  | 'work_done'
  | 'work_failed'
  | 'turned_off'
  | 'message'
  | 'alert'

/** What people choose about together; fields of their preferences begin with it. */
export type Topic = 'assigned' | 'mentioned' | 'due' | 'work' | 'message'
export const topics: readonly Topic[] = ['assigned', 'mentioned', 'due', 'work', 'message']

export const topicOf: Readonly<Record<Kind, Topic>> = {
  assigned: 'assigned',
  approval: 'assigned',
  mentioned: 'mentioned',
  due: 'due',
  overdue: 'due',
  work_done: 'work',
  work_failed: 'work',
  turned_off: 'assigned',
  message: 'message',
  alert: 'message',
}

export function kindsOf(wanted: readonly Topic[]): readonly Kind[] {
  return (Object.keys(topicOf) as Kind[]).filter((kind) => wanted.includes(topicOf[kind]))
}

export const notificationEntity = 'platform.notifications:notification'
export const preferenceEntity = 'platform.notifications:preference'
