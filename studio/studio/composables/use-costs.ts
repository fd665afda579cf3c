import { useI18n } from 'vue-i18n'
import { useFormat } from '../../composables/use-format.ts'
import { useModel } from '../../composables/use-model.ts'
import { useNoun } from '../../composables/use-noun.ts'
import type { DryRun } from '../api/workflows.ts'

const effects = ['mails', 'requests', 'notifications', 'runs'] as const
const operations = ['create', 'update', 'delete', 'restore'] as const

/** What something comes to, in words. */
export function useCosts() {
  const { t } = useI18n()
  const format = useFormat()
  const model = useModel()
  const noun = useNoun()
  const counted = (name: (typeof effects)[number], n: number): string =>
    t(`flow.dry.${name}`, { n: format.number(n) }, n)

  const effectsIn = (all: Readonly<Partial<Record<(typeof effects)[number], number>>>): string[] =>
    effects.flatMap((name) => ((all[name] ?? 0) > 0 ? counted(name, all[name] ?? 0) : []))

  function wordsOf({ writes, spent, ...rest }: DryRun['costs']): readonly string[] {
    const written = writes.flatMap(({ entity: ref, ...counts }) => {
      const entity = model.value.entity(ref)
      return operations.flatMap((operation) => {
        const n = counts[operation]
        if (n === 0) return []
        const label = n === 1 ? entity?.label : entity?.labelPlural
        return t(`flow.dry.${operation}`, { n: format.number(n), what: label ? noun(label) : ref })
      })
    })
    const money = spent.map(({ unit, amount }) =>
      t('flow.dry.spent', { amount: format.number(amount), unit }),
    )
    return [...written, ...effectsIn(rest), ...money]
  }
  return { wordsOf, effectsIn }
}
