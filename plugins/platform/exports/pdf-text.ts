/** What of a font of PDFKit is used here; the library keeps it to itself, so its version is pinned. */
interface EmbeddedFont {
  readonly id: string
  readonly ascender: number
  /** To thousandths of the size. */
  readonly scale: number
  readonly widths: (number | undefined)[]
  /** By glyph of the subset: the letters that somebody who copies the text gets. */
  readonly unicode: (readonly number[] | undefined)[]
  readonly subset: { includeGlyph(id: number): number }
  readonly font: {
    hasGlyphForCodePoint(code: number): boolean
    glyphForCodePoint(code: number): Glyph
    layout(text: string): { readonly glyphs: readonly Glyph[] }
  }
  ref(): unknown
}
interface Glyph {
  readonly id: number
  readonly advanceWidth: number
  readonly codePoints: readonly number[]
}

interface Shape {
  /** Glyphs of the subset as hexadecimal digits. */
  readonly hex: string
  /** In thousandths of the size. */
  readonly width: number
}

/** A piece of text whose glyphs are known. */
export interface Shaped {
  readonly hex: string
  /** In points. */
  readonly width: number
}

/** Letters here change with their neighbours, or stand on them, so words are shaped as a whole. */
const joining = /\p{M}|\p{Script=Arabic}|\p{Script=Hebrew}|\p{Script=Nko}/u
const mostWords = 50_000

/**
 * Writes text of one font into a document of PDFKit. A table has ten thousands of cells: letters that
 * stand for themselves are looked up one by one and kept, which takes a tenth of the time of shaping
 * every word, and what a row holds becomes one piece of the page.
 */
export function createPdfText(doc: PDFKit.PDFDocument, name: string) {
  const font = (doc.font(name) as unknown as { _font: EmbeddedFont })._font
  const letters = new Map<string, Shape>()
  const words = new Map<string, Shape>()

  function include(glyph: Glyph, codes: readonly number[]): Shape {
    const id = font.subset.includeGlyph(glyph.id)
    const width = glyph.advanceWidth * font.scale
    font.widths[id] ??= width
    font.unicode[id] ??= codes
    return { hex: id.toString(16).padStart(4, '0'), width }
  }
  function letter(character: string): Shape {
    let known = letters.get(character)
    if (!known) {
      const code = character.codePointAt(0)!
      known = include(font.font.glyphForCodePoint(code), [code])
      letters.set(character, known)
    }
    return known
  }
  function joinedWord(word: string): Shape {
    let known = words.get(word)
    if (!known) {
      const { glyphs } = font.font.layout(word)
      known = joinShapes(glyphs.map((glyph) => include(glyph, glyph.codePoints)))
      if (words.size > mostWords) words.clear()
      words.set(word, known)
    }
    return known
  }
  function shape(text: string): Shape {
    if (!joining.test(text)) return joinShapes([...text].map(letter))
    return joinShapes(
      text
        .split(/( )/)
        .flatMap((word) => (joining.test(word) ? joinedWord(word) : [...word].map(letter))),
    )
  }

  return {
    has: (character: string) => font.font.hasGlyphForCodePoint(character.codePointAt(0)!),
    measure: (text: string, size: number): number => (shape(text).width * size) / 1000,
    shape(text: string, size: number): Shaped {
      const { hex, width } = shape(text)
      return { hex, width: (width * size) / 1000 }
    },
    /** Pieces at the places of their upper left corners, in the colour that the document fills with. */
    draw(
      pieces: readonly { readonly hex: string; readonly x: number; readonly y: number }[],
      size: number,
    ): void {
      const page = doc.page as unknown as { fonts: Record<string, unknown>; height: number }
      page.fonts[font.id] ??= font.ref()
      const rise = (font.ascender * size) / 1000
      const shown = pieces
        .filter(({ hex }) => hex !== '')
        .map(
          ({ hex, x, y }) =>
            `1 0 0 1 ${number(x)} ${number(page.height - y - rise)} Tm <${hex}> Tj`,
        )
      if (shown.length === 0) return
      const raw = doc as unknown as { addContent(text: string): void }
      // PDFKit counts from the top; letters would stand on their heads.
      raw.addContent(
        `q 1 0 0 -1 0 ${number(page.height)} cm BT /${font.id} ${number(size)} Tf ${shown.join(' ')} ET Q`,
      )
    },
  }
}
export type PdfText = ReturnType<typeof createPdfText>

function joinShapes(shapes: readonly Shape[]): Shape {
  let hex = ''
  let width = 0
  for (const shape of shapes) {
    hex += shape.hex
    width += shape.width
  }
  return { hex, width }
}

const number = (value: number): string => String(Math.round(value * 100) / 100)
