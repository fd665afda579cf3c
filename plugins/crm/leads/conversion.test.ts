import { describe, expect, it } from 'vitest'
import { accountNameOf, filled, sameText, splitName } from './conversion.ts'

const lead = (values: Record<string, unknown>) => ({ id: '1', version: 1, ...values })

describe('converting a lead', () => {
  it('splits the name at the last word', () => {
    expect(splitName('  Ada King Lovelace ')).toEqual({
      firstName: 'Ada King',
      lastName: 'Lovelace',
    })
    expect(splitName('Prince')).toEqual({ lastName: 'Prince' })
  })

  it('names the account after the company, or the person when there is none', () => {
    expect(accountNameOf(lead({ name: 'Ada Lovelace', company: ' Analytical Engines ' }))).toBe(
      'Analytical Engines',
    )
    expect(accountNameOf(lead({ name: 'Ada Lovelace', company: null }))).toBe('Ada Lovelace')
  })

  it('finds the account of the same name, case and blanks aside, and no longer one', () => {
    const accounts = [lead({ name: 'Acme Foods' }), lead({ name: 'ACME ' })]
    expect(sameText(accounts, 'name', 'Acme')).toBe(accounts[1])
    expect(sameText(accounts, 'name', 'Ac')).toBeUndefined()
  })

  it('writes no empty values', () => {
    expect(filled({ name: 'A', phone: null, website: undefined, value: 0 })).toEqual({
      name: 'A',
      value: 0,
    })
  })
})
