import { describe, expect, it } from 'vitest'
import { brandShades, contrastOf, leastContrast } from './brand-shades.ts'

describe('the contrast of two colours', () => {
  it.each([
    ['#000000', '#ffffff', 21],
    ['#ffffff', '#ffffff', 1],
    ['#777777', '#ffffff', 4.48],
    ['#ff0000', '#ffffff', 4],
  ])('%s and %s: %d', (one, other, ratio) => {
    expect(contrastOf(one, other)).toBeCloseTo(ratio, 2)
    expect(contrastOf(other, one)).toBe(contrastOf(one, other))
  })
})

describe('the shades of a brand colour', () => {
  it('read well in both themes, whatever colour it is', () => {
    const steps = Array.from({ length: 16 }, (_, i) => (i * 17).toString(16).padStart(2, '0'))
    let least = 21
    for (const r of steps)
      for (const g of steps)
        for (const b of steps) {
          const { light, dark } = brandShades(`#${r}${g}${b}`)
          for (const { contrast } of [light, dark])
            least = Math.min(least, contrast.solid, contrast.ink)
        }
    expect(least).toBeGreaterThanOrEqual(leastContrast)
  })

  it('are the colour itself where that reads well already', () => {
    const { light } = brandShades('#1d4ed8')
    expect(light).toMatchObject({ solid: '#1d4ed8', onSolid: '#ffffff' })
    expect(light.moved.solid).toBeNull()
  })

  it('move a colour without contrast and tell by how much', () => {
    const { light, dark } = brandShades('#ffe600')
    expect(light.given.ink).toBeLessThan(1.5)
    expect(light.moved).toEqual({ solid: null, ink: 'darker' })
    expect(light.ink).not.toBe('#ffe600')
    expect(dark.moved.ink).toBeNull()
    const grey = brandShades('#7a7a7a').light
    expect(grey.given.solid).toBeLessThan(leastContrast)
    expect(grey.moved.solid).toBe('darker')
  })

  it('take another colour in the dark when there is one', () => {
    const { light, dark } = brandShades('#0b1f4d', '#9db8ff')
    expect(light.solid).toBe('#0b1f4d')
    expect(dark.solid).toBe('#9db8ff')
  })
})
