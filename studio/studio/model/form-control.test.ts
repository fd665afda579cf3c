import { describe, expect, it } from 'vitest'
import { kernelPoints } from '../../../sdk/points.ts'
import { wordsOf } from '../../format/words-of.ts'
import { checkJson } from './check-json.ts'
import { controlsOf, lookOf, referencePoint } from './form-control.ts'
import { overrideRule, type Schema, schemaAt } from './schema.ts'

const schemaOf = (name: keyof typeof kernelPoints): Schema =>
  JSON.parse(JSON.stringify(kernelPoints[name].schema)) as Schema
const entity = schemaOf('entities')
const references = kernelPoints.entities.references

describe('the form of a point', () => {
  it('has the control that the schema asks for', () => {
    const looks = Object.fromEntries(
      controlsOf(entity, [], references).map((control) => [control.name, control.look]),
    )
    expect(looks).toMatchObject({
      label: 'text',
      description: 'area',
      icon: 'icon',
      color: 'color',
      order: 'number',
      fields: 'map',
      hidden: 'switch',
      private: 'choices',
    })
    const field = schemaAt(entity, ['fields', 'budget']) as Schema
    const parts = Object.fromEntries(
      controlsOf(field, ['fields', 'budget'], references).map((one) => [one.name, one.look]),
    )
    expect(parts).toMatchObject({
      type: 'reference',
      to: 'reference',
      onDelete: 'choice',
      options: 'map',
      formula: 'formula',
      default: 'value',
      rollup: 'group',
    })
  })

  it('draws conditions, unions and fields of the definition by what the schema says of them', () => {
    const rule = schemaAt(schemaOf('roles'), ['rules', 'r']) as Schema
    expect(lookOf(schemaAt(rule, ['condition']) as Schema, ['rules', 'r', 'condition'], {})).toBe(
      'filter',
    )
    const measure = schemaAt(entity, ['fields', 'x', 'rollup', 'measure']) as Schema
    expect(lookOf(measure, ['fields', 'x', 'rollup', 'measure'], {})).toBe('union')
    expect(lookOf({ type: 'array', items: { type: 'string' }, 'x-names': 'fields' }, [], {})).toBe(
      'fields',
    )
  })

  it('finds where references stand', () => {
    expect(referencePoint(['fields', 'lead', 'to'], references)).toBe('entities')
    expect(referencePoint(['fields', 'lead', 'label'], references)).toBeNull()
    expect(wordsOf('titleField')).toBe('Title field')
  })

  it('locks what the schema does not open, as the kernel does', () => {
    const ruleAt = (path: string) => overrideRule(entity, path.split('/'))
    expect(ruleAt('label')).toBe('free')
    expect(ruleAt('plural')).toBe('locked')
    expect(ruleAt('fields/name/type')).toBe('locked')
    expect(ruleAt('fields/name/required')).toBe('narrow')
    expect(ruleAt('fields/stage/options/won/category')).toBe('free')
    expect(ruleAt('nothing/label')).toBe('locked')
  })
})

describe('the check while somebody writes', () => {
  const base = { label: 'A', labelPlural: 'As', plural: 'as', titleField: 'name', fields: {} }
  it('finds the place of what is wrong', () => {
    expect(checkJson(base, entity)).toEqual([])
    const wrong = {
      ...base,
      order: 'soon',
      colour: 1,
      plural: 'A B',
      fields: { name: { label: 'x' }, Bad: { type: 'text' } },
    }
    expect(checkJson(wrong, entity).map(({ path, code }) => [path.join('/'), code])).toEqual([
      ['plural', 'pattern'],
      ['fields/name', 'required'],
      ['fields/Bad', 'unknown'],
      ['order', 'number'],
      ['colour', 'unknown'],
    ])
  })

  it('takes one of several shapes', () => {
    const measure = schemaAt(entity, ['fields', 'x', 'rollup', 'measure']) as Schema
    expect(checkJson({ sum: 'value' }, measure)).toEqual([])
    expect(checkJson({ sum: 3 }, measure)).not.toEqual([])
  })
})
