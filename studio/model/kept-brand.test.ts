import { describe, expect, it } from 'vitest'
import { brandValue, keepBrand, readBrand } from './kept-brand.ts'

describe('the brand that a browser keeps', () => {
  it('comes back without the picture', () => {
    const kept = new Map<string, string>()
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    }
    expect(readBrand(storage)).toEqual({})
    keepBrand(storage, { slug: 'halden', color: '#12446b', picture: 'data:image/png;base64,AA' })
    expect(readBrand(storage)).toEqual({ slug: 'halden', color: '#12446b' })
    kept.set('runway.brand', '#123456')
    expect(readBrand(storage)).toEqual({})
  })

  it('is forgotten when the storage is full', () => {
    const removed: string[] = []
    const full = {
      setItem: () => {
        throw new Error('QuotaExceededError')
      },
      removeItem: (key: string) => void removed.push(key),
    }
    keepBrand(full, { slug: 'halden' })
    expect(removed).toEqual(['runway.brand'])
  })

  it.each([
    [{}, null],
    [{ color: 'red' }, null],
    [{ color: '#12446b' }, '#12446b'],
    [{ color: '#12446b', colorDark: '#9db8ff' }, 'light-dark(#12446b, #9db8ff)'],
    [{ color: '#12446b', colorDark: 'url(x)' }, '#12446b'],
  ])('%o is the colour %s', (brand, value) => expect(brandValue(brand)).toBe(value))
})
