import { errorClasses } from '@runwaycrm/sdk'
import { describe, expect, it } from 'vitest'
import { read } from './source-files.ts'

const documented = new Map(
  [...read('.github/ERRORS.md').matchAll(/^\| (\d{3}) \| `([A-Z_]+)` \|/gm)].map((match) => [
    match[2]!,
    Number(match[1]),
  ]),
)
const coded = new Map(
  errorClasses.map((errorClass) => {
    const error = new errorClass()
    return [error.code, error.status]
  }),
)

describe('error codes', () => {
  it('are documented with the status that the code answers', () => {
    expect(Object.fromEntries([...coded].sort())).toEqual(
      Object.fromEntries([...documented].sort()),
    )
  })

  it('say what the reader can do', () => {
    expect(
      errorClasses
        .filter((errorClass) => new errorClass().message.length < 10)
        .map((errorClass) => new errorClass().code),
    ).toEqual([])
  })
})
