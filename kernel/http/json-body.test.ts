import { describe, expect, it } from 'vitest'
import { checkJsonType, parseJson, parseJsonBody } from './json-body.ts'

describe('a JSON body', () => {
  it('is what JSON says', () => {
    expect(parseJsonBody(Buffer.from('{"a":[1,"ü",null]}'))).toEqual({ a: [1, 'ü', null] })
    expect(parseJson('\ufeff{"a":1}')).toEqual({ a: 1 })
  })

  it('counts brackets outside texts only', () => {
    expect(parseJson(JSON.stringify({ text: '['.repeat(100) }))).toBeTruthy()
    expect(parseJson(JSON.stringify({ text: `\\"${'{'.repeat(100)}` }))).toBeTruthy()
    expect(() => parseJson(`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`)).toThrow(
      expect.objectContaining({ code: 'TOO_DEEP' }),
    )
  })

  it('does not repeat what somebody sent when it cannot be read', () => {
    try {
      parseJson('{"password": "canary-42", oops')
      expect.unreachable()
    } catch (error) {
      expect((error as Error).message).not.toContain('canary')
    }
  })

  it('names every place that reaches for a prototype or cannot be stored', () => {
    try {
      parseJson('{"a": {"__proto__": 1}, "b": ["\\u0000"], "c": "\\ud83d\\ude00"}')
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({
        code: 'INVALID',
        errors: [
          { path: 'a.__proto__', code: 'UNKNOWN_FIELD' },
          { path: 'b[0]', code: 'BAD_FORMAT' },
        ],
      })
    }
  })

  it('has one type', () => {
    expect(() => checkJsonType('application/json; charset=utf-8')).not.toThrow()
    expect(() => checkJsonType('application/json; charset=latin1')).toThrow()
  })
})
