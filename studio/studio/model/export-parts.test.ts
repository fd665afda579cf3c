import { describe, expect, it } from 'vitest'
import { freeName, placesToLift } from './export-parts.ts'

const issue = (path: string) => ({ path, code: 'BAD_FORMAT', message: '' })

describe('values that a package leaves to each organisation', () => {
  it('are what an export was refused for, in the parts and in changes of others', () => {
    const values = [
      { place: 'roles/office/rules/own/condition/ownerId', value: 'x' },
      { place: 'views/mine/filter/ids', value: ['x'] },
      { place: 'overrides/entities/crm.leads:lead/fields/a/default', value: 'x' },
      { place: 'overrides/entities/crm.leads:lead/fields/b/default', value: 'x' },
    ]
    const issues = [
      'roles/office/rules/own/condition/ownerId',
      'views/mine/filter/ids/0',
      'overrides/1/to',
      'version',
    ]
    expect(placesToLift(issues.map(issue), values)).toEqual([
      values[0]!.place,
      values[1]!.place,
      values[3]!.place,
    ])
  })

  it('get a name that is free', () => {
    expect(freeName('roles/office/rules/own/condition/ownerId', [])).toBe('ownerId')
    expect(freeName('roles/office/rules/own/condition/$eq', ['condition'])).toBe('condition2')
  })
})
