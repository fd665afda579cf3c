import { describe, expect, it } from 'vitest'
import de from './de.ts'
import deForms from './de-forms.ts'
import deGraph from './de-graph.ts'
import deSaid from './de-said.ts'
import deStudio from './de-studio.ts'
import en from './en.ts'
import enForms from './en-forms.ts'
import enGraph from './en-graph.ts'
import enSaid from './en-said.ts'
import enStudio from './en-studio.ts'
import { pick } from './messages.ts'
import { inReadersWords, speak } from './said.ts'

type Words = { readonly [key: string]: string | Words }

function flat(words: Words, before = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(words))
    if (typeof value === 'string') found.set(before + key, value)
    else for (const [path, text] of flat(value, `${before}${key}.`)) found.set(path, text)
  return found
}
/** Words that German took over, and texts of nothing but places and signs. */
const sameInBoth = new Set([
  ...'Navigation Marketing Service System Agent Organisation Board Form Ring Filter Region'.split(
    ' ',
  ),
  ...'Format Link Name Details API App Import Hook Workflow Studio Plugins Plan Layout Text JSON'.split(
    ' ',
  ),
  ...['Revision {n}', '{n} {what}', '{name}'],
])
const placeholders = (text: string): readonly string[] =>
  [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()

describe('the languages', () => {
  it('say the same things with the same places to fill', () => {
    const english = flat({ ...en, ...enStudio, ...enGraph, ...enForms, said: enSaid })
    const german = flat({ ...de, ...deStudio, ...deGraph, ...deForms, said: deSaid })
    expect([...german.keys()].sort()).toEqual([...english.keys()].sort())
    for (const [key, text] of english)
      expect([key, placeholders(german.get(key) ?? '')]).toEqual([key, placeholders(text)])
  })

  it('say it in other words', () => {
    const german = flat(de)
    const same = [...flat(en)].filter(([key, text]) => german.get(key) === text)
    expect(same.filter(([, text]) => !sameInBoth.has(text)).map(([key]) => key)).toEqual([])
  })

  it('follow the choice, then the browser, then English', () => {
    expect(pick('de', ['fr'])).toBe('de')
    expect(pick('', ['fr-FR', 'de-AT'])).toBe('de')
    expect(pick('', ['fr-FR'])).toBe('en')
  })

  it('say what the server says, as long as it says that', () => {
    speak(enSaid, deSaid)
    expect(inReadersWords('This field needs a value.')).toBe('Dieses Feld braucht einen Wert.')
    expect(inReadersWords('"Size" needs a value now.')).toBe('„Size“ braucht jetzt einen Wert.')
    expect(inReadersWords('From 1 to 5.')).toBe('Von 1 bis 5.')
    expect(inReadersWords('A deal that is won stays won.')).toBe('A deal that is won stays won.')
    expect(
      inReadersWords('Character 3: There is no field "St. Pauli". Use one of rooms, a or b.'),
    ).toBe('Zeichen 3: Das Feld „St. Pauli“ gibt es nicht. Möglich sind: rooms, a or b.')
    expect(inReadersWords('Expected a text or a number, not true or false.')).toBe(
      'Erwartet: ein Text oder eine Zahl, nicht wahr oder falsch.',
    )
    expect(inReadersWords('This is missing. Ask the crew.')).toBe('Das fehlt. Ask the crew.')
    speak({}, null)
    expect(inReadersWords('This field needs a value.')).toBe('This field needs a value.')
    const files = import.meta.glob(
      ['../../kernel/**/*.ts', '../../sdk/*.ts', '../../plugins/**/*.ts', '../api/*.ts'],
      { query: '?raw', import: 'default', eager: true },
    )
    const source = Object.values(files).join('\n')
    const gone = Object.values(enSaid).filter((text) =>
      text.split(/"?\{[ab]\}"?/).some((part) => part.length > 3 && !source.includes(part)),
    )
    expect(gone).toEqual([])
  })
})
