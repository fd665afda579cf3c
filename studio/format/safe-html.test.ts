import { describe, expect, it } from 'vitest'
import { plainText, safeFragment } from './safe-html.ts'

function shown(html: string): string {
  const box = document.createElement('div')
  box.append(safeFragment(html))
  return box.innerHTML
}

describe('rich text', () => {
  it('keeps emphasis, lists and links', () => {
    expect(shown('<p>Call <strong>Ann</strong></p><ul><li>price</li></ul>')).toBe(
      '<p>Call <strong>Ann</strong></p><ul><li>price</li></ul>',
    )
    expect(shown('<a href="https://a.example/">a</a>')).toContain('href="https://a.example/"')
  })

  it('lets nothing through that runs or loads', () => {
    const bad = [
      '<img src=x onerror=alert(1)>',
      '<p onclick="alert(1)" style="color:red">x</p>',
      '<a href="javascript:alert(1)">x</a>',
      '<a href=" JaVaScRiPt:alert(1)">x</a>',
      '<svg><script>alert(1)</script></svg>',
      '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
      '<form action="https://evil.example"><input name=a></form>',
    ]
    for (const html of bad)
      expect([html, shown(html)]).toEqual([
        html,
        expect.not.stringMatching(
          /script|onerror|onclick|style=|src|<img|<svg|<form|<input|<iframe/i,
        ),
      ])
  })

  it('is one line in a cell', () => {
    expect(plainText('<h2>Offer</h2><p>Call<br>Ann &amp; Bo</p>')).toBe('Offer Call Ann & Bo')
  })
})
