import { type HandlerContext, StateConflictError } from '@runwaycrm/sdk'

/** What is used of the service `notifications`, version 1. */
interface Notifications {
  tell(input: {
    readonly to: {
      readonly users?: readonly string[]
      readonly roles?: readonly string[]
      readonly owner?: boolean
    }
    readonly text: string | Readonly<Record<string, string>>
    readonly about?: { readonly entity: string; readonly ids: readonly string[] } | null
    readonly by?: { readonly name: string } | null
    readonly key: string
    readonly kind?: 'message' | 'alert'
    readonly link?: string
  }): Promise<{ readonly users: readonly string[]; readonly unreadable: number }>
}

/** @returns null when no enabled plugin tells people anything. */
export function notificationsOf(plugin: HandlerContext): Notifications | null {
  try {
    return plugin.services.get<Notifications>('notifications', 1)
  } catch (error) {
    if (error instanceof StateConflictError) return null
    throw error
  }
}
