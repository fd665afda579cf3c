import type { FieldInfo } from '@runwaycrm/sdk'
import { computed, type InjectionKey, inject, provide } from 'vue'
import { useI18n } from 'vue-i18n'
import {
  formatDayHeading,
  formatFullDateTime,
  formatRelative,
  formatTime,
} from '../format/format-date.ts'
import { formatMoneyList, formatNumber, formatPercent } from '../format/format-number.ts'
import { type FormatContext, formatValue } from '../format/format-value.ts'
import { regional } from '../i18n/regional.ts'
import { useModel } from './use-model.ts'
import { useServices } from './use-services.ts'

export type Format = ReturnType<typeof createFormat>
const key: InjectionKey<Format> = Symbol('format')

/** Values as this reader reads them: language, names of related records, the present time. */
export function useFormat(): Format {
  const format = inject(key)
  if (!format) throw new Error('The format is known inside the shell only.')
  return format
}

/** Made once: a table asks it thousands of times. */
export const provideFormat = (): void => provide(key, createFormat())

function createFormat() {
  const { t, locale } = useI18n()
  const { titles } = useServices()
  const model = useModel()
  const formatLocale = computed(() => regional(locale.value, globalThis.navigator?.languages ?? []))

  const context = computed<FormatContext>(() => ({
    locale: formatLocale.value,
    now: new Date(),
    nameOf: (entity, id) =>
      titles.nameOf(entity ? model.value.entity(entity) : model.value.people, id),
    yes: t('common.yes'),
    no: t('common.no'),
  }))

  return {
    locale: formatLocale,
    context,
    /** The label of a role by its reference; undefined for other texts. */
    role: (ref: string) => model.value.model.roles.find((role) => role.ref === ref)?.label,
    text: (field: FieldInfo, value: unknown) => formatValue(field, value, context.value),
    nameOf: (entity: string | undefined, id: string) => context.value.nameOf(entity, id),
    relative: (instant: string) => formatRelative(instant, formatLocale.value, new Date()),
    fullTime: (instant: string) => formatFullDateTime(instant, formatLocale.value),
    time: (instant: string) => formatTime(instant, formatLocale.value),
    day: (instant: string) => formatDayHeading(instant, formatLocale.value, new Date()),
    number: (value: number) => formatNumber(value, formatLocale.value),
    /** 12.5 means 12.5 %. */
    percent: (value: number, digits = 1) => formatPercent(value, formatLocale.value, digits),
    money: (value: unknown, compact = false) => formatMoneyList(value, formatLocale.value, compact),
  }
}
