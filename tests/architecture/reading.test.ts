import { describe, expect, it } from 'vitest'
import { read, sourceFiles } from './source-files.ts'

/** Left and right are where reading begins and ends: the studio is mirrored for who reads from the right. */
const files = [...sourceFiles('studio/**/*.css'), ...sourceFiles('studio/**/*.vue')]

const physical =
  /(?<![\w-])((?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)[\w-]*|left|right|border-(?:top|bottom)-(?:left|right)-radius)\s*:\s*([^;}]+)|(?:text-align|float|clear):\s*(?:left|right)\b/g
/** Four values with another one on the left than on the right. */
const fourSided = /(?<![\w-])(?:margin|padding|inset|border-width)\s*:\s*([^;}!]+)/g
const bound = /\b(?:left|right|(?:margin|padding)(?:Left|Right))\s*:\s*[`'"\d(a-z]/g

/** The middle is the middle whichever way one reads. */
const allowed = /^left\s*:\s*50%$/

const isUneven = (values: string): boolean => {
  const parts = values.trim().split(/\s+(?![^(]*\))/)
  return parts.length === 4 && parts[1] !== parts[3]
}

function problemsIn(file: string): string[] {
  const text = read(file)
  const isVue = file.endsWith('.vue')
  const css = isVue ? (/<style[^>]*>([\s\S]*)<\/style>/.exec(text)?.[1] ?? '') : text
  const plain = css.replaceAll(/\/\*[\s\S]*?\*\//g, '')
  const styles = isVue ? [...text.matchAll(/:style="([^"]*)"/g)].map(([, style]) => style!) : []
  return [
    ...[...plain.matchAll(physical)].map(([whole]) => whole).filter((one) => !allowed.test(one)),
    ...[...plain.matchAll(fourSided)].flatMap(([whole, values]) =>
      isUneven(values!) ? whole : [],
    ),
    ...styles.flatMap((style) => style.match(bound) ?? []),
  ]
}

describe('the styles of the studio', () => {
  it('say start and end (margin-inline-start, inset-inline-end, text-align: end), not left and right', () => {
    expect(files.length).toBeGreaterThan(100)
    expect(files.flatMap((file) => problemsIn(file).map((one) => `${file}: ${one}`))).toEqual([])
  })
})
