import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import { useI18n } from 'vue-i18n'
import { useFormat } from '../../composables/use-format.ts'
import { relativeDays } from '../../filters/relative-date.ts'
import { findField } from '../../model/find-field.ts'
import type { ModelIndex } from '../../model/model-index.ts'
import type { Json } from '../model/leaf.ts'
import { type RuleLeaf, type RuleNode, readRule, writeRule } from '../model/rule-tree.ts'

/** Rules in plain words. */
export function useRuleWords(model: () => ModelIndex, entity: () => EntityInfo | null) {
  const { t, te } = useI18n()
  const format = useFormat()

  function fieldOf(fact: string, path: string): FieldInfo | null {
    const found = entity()
    return found && (fact === 'record' || fact === 'change')
      ? findField(model(), found, path)
      : null
  }
  function subject({ fact, path }: Pick<RuleLeaf, 'fact' | 'path'>): string {
    const field = fieldOf(fact, path)
    if (field) return field.label
    const name = t(`studio.rule.fact.${fact}`)
    return path === '' ? name : `${name} ${path}`
  }
  function valueText(field: FieldInfo | null, value: Json): string {
    if (Array.isArray(value)) return value.map((one) => valueText(field, one)).join(', ')
    if (value === null) return t('studio.rule.nothing')
    if (value === '@me') return t('filter.me')
    if (typeof value === 'boolean') return t(value ? 'common.yes' : 'common.no')
    const relative = typeof value === 'string' ? relativeDays(value) : null
    if (relative) return t(relative.key, { n: relative.n }, relative.n)
    return (field && format.text(field, value)) || String(value)
  }
  function operatorText(operator: string, field: FieldInfo | null): string {
    const isTime = field?.kind === 'date' || field?.kind === 'dateTime'
    const name = operator.slice(1)
    return t(isTime && name in times ? `filter.op.${times[name]}` : `studio.rule.op.${name}`)
  }
  function leafText(leaf: RuleLeaf): string {
    const field = fieldOf(leaf.fact, leaf.path)
    const name = subject(leaf)
    const { operator, value = null } = leaf
    if (operator === '$changed') return `${name} ${t('studio.rule.op.changed')}`
    if (operator === '$exists')
      return `${name} ${t(value === false ? 'filter.op.empty' : 'filter.op.filled')}`
    return `${name} ${operatorText(operator, field)} ${valueText(field, value)}`
  }
  function nodeText(node: RuleNode, isInside: boolean): string {
    if (node.kind === 'raw') return t('studio.rule.other')
    if (node.kind === 'leaf') return leafText(node)
    if (node.kind === 'chip') {
      const { field, operator, value } = node.chip
      if (operator === 'within')
        return `${subject({ fact: 'record', path: field })} ${t('filter.op.within')} ${t(`filter.range.${value}`)}`
      const written = writeRule({ kind: 'group', join: 'all', nodes: [node] })
      const [leaf] = (written as { readonly all?: readonly Omit<RuleLeaf, 'kind'>[] })?.all ?? []
      return leaf ? leafText({ ...leaf, kind: 'leaf' }) : ''
    }
    const parts = node.nodes.map((one) => nodeText(one, true)).filter((one) => one !== '')
    const joined = parts.join(` ${t(node.join === 'all' ? 'studio.rule.and' : 'studio.rule.or')} `)
    if (node.join === 'none') return parts.length > 0 ? t('studio.rule.not', { rule: joined }) : ''
    return isInside && parts.length > 1 ? `(${joined})` : joined
  }
  return {
    fieldOf,
    operatorText,
    valueText,
    leafText,
    hasWord: (operator: string): boolean =>
      operator.startsWith('$') && te(`studio.rule.op.${operator.slice(1)}`),
    always: (): string => t('studio.rule.always'),
    sentence: (rule: Json | undefined): string => nodeText(readRule(rule), false),
  }
}

/** Dates come before and after. */
const times: Readonly<Record<string, string>> = {
  gt: 'after',
  gte: 'from',
  lt: 'before',
  lte: 'until',
}
