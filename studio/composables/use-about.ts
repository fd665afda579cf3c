import type { EntityInfo } from '@runwaycrm/sdk'
import { type InjectionKey, inject, provide } from 'vue'

export interface About {
  readonly plural: string
  readonly id: string
}
const key: InjectionKey<() => About | null> = Symbol('about')

/** Which record what is written below here is about. */
export function provideAbout(entity: () => EntityInfo, id: () => string): void {
  provide(key, () => ({ plural: entity().plural, id: id() }))
}

/** Null where something is written that is about no record yet. */
export const useAbout = (): (() => About | null) => inject(key, () => null)
