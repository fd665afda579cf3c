import { type ShallowRef, shallowRef } from 'vue'

/** Whose session the browser has now, as the server says when it is not this tab's. */
export interface OtherSession {
  readonly org: { readonly id: string; readonly name: string }
  readonly user: { readonly id: string; readonly name: string }
}
export type SessionTrouble = 'ended' | OtherSession

/**
 * The session that this tab works in. Tabs share one cookie: signing in or out in one changes what the others
 * would send, so each says whom it means, and notices when that is over.
 */
export interface Session {
  /** Null while this tab works; then nothing is sent for it. */
  readonly trouble: ShallowRef<SessionTrouble | null>
  /** `<organisation>:<member>` as requests say it; null before anybody is signed in. */
  as(): string | null
  attach(orgId: string, userId: string): void
  /** Somebody leaves by themselves: nothing is missed. */
  leave(): void
  lost(trouble: SessionTrouble): void
  restored(): void
  /** @param handler called when another tab signed in or out. @returns stops listening. */
  onOtherTab(handler: () => void): () => void
}

const storageKey = 'runway.session'

/** @param storage what tabs share; a change of it is heard in the others. */
export function createSession(
  storage: Pick<Storage, 'setItem' | 'removeItem'>,
  target: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>,
): Session {
  const trouble = shallowRef<SessionTrouble | null>(null)
  let as: string | null = null

  /** A full storage: other tabs notice at their next request. */
  function tell(value: string | null): void {
    try {
      if (value === null) storage.removeItem(storageKey)
      else storage.setItem(storageKey, value)
    } catch {}
  }

  return {
    trouble,
    as: () => as,
    attach(orgId, userId) {
      as = `${orgId}:${userId}`
      trouble.value = null
      tell(as)
    },
    leave() {
      as = null
      trouble.value = null
      tell(null)
    },
    lost(next) {
      if (as !== null) trouble.value = next
    },
    restored() {
      trouble.value = null
      tell(as)
    },
    onOtherTab(handler) {
      const onStorage = (event: Event): void => {
        const { key, newValue } = event as StorageEvent
        if (key === storageKey && as !== null && newValue !== as) handler()
      }
      target.addEventListener('storage', onStorage)
      return () => target.removeEventListener('storage', onStorage)
    },
  }
}
