import { type InjectionKey, inject, onScopeDispose, type Ref, ref } from 'vue'

/** Whether a media query holds, kept up to date. */
export function useMedia(query: string): Readonly<Ref<boolean>> {
  const list = globalThis.matchMedia(query)
  const matches = ref(list.matches)
  const update = (): void => {
    matches.value = list.matches
  }
  list.addEventListener('change', update)
  onScopeDispose(() => list.removeEventListener('change', update))
  return matches
}

/** Says it for everything below, whatever the screen is: a preview may be a phone on a desktop. */
export const phoneKey: InjectionKey<Readonly<Ref<boolean>>> = Symbol('phone')

export const useIsPhone = (): Readonly<Ref<boolean>> =>
  inject(phoneKey, null) ?? useMedia('(max-width: 720px)')
