import { expect, it } from 'vitest'
import { manyApiName } from './many-name.ts'

it.each([
  ['contacts', 'contactIds'],
  ['companies', 'companyIds'],
  ['addresses', 'addressIds'],
  ['taxes', 'taxIds'],
  ['relatedPeople', 'relatedPeopleIds'],
  ['staff', 'staffIds'],
  ['access', 'accessIds'],
  ['keys', 'keyIds'],
])('carries %s as %s', (key, apiName) => {
  expect(manyApiName(key)).toBe(apiName)
})
