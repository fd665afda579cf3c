import { type FieldTypeHandler, isKeepableText } from '@runwaycrm/sdk'
import sanitizeHtml from 'sanitize-html'
import { refused, stored } from './parsed.ts'

const maxLength = 100_000

/**
 * Paragraphs with headings, lists, links and emphasis, as HTML. What is not on the list below is taken
 * out when it is written, so that whatever reads it may show it.
 */
export const richText: FieldTypeHandler = () => ({
  plain: true,
  parse(input) {
    if (typeof input !== 'string') return refused('WRONG_TYPE', 'Expected HTML as a text.')
    // Cleaning costs time per character, so what is too long is not looked at.
    if (input.length > maxLength) {
      return refused('TOO_LONG', `At most ${maxLength.toLocaleString('en')} characters.`)
    }
    if (!isKeepableText(input)) {
      return refused('BAD_FORMAT', 'The text has characters that cannot be kept.')
    }
    const clean = cleaned(input)
    if (clean.length > maxLength) {
      return refused('TOO_LONG', `At most ${maxLength.toLocaleString('en')} characters.`)
    }
    return stored(plainText(clean) === '' ? null : clean)
  },
  parseFilter: (input) =>
    typeof input === 'string' && isKeepableText(input)
      ? stored(input)
      : refused('WRONG_TYPE', 'Expected a text.'),
  format: ({ main }) => main,
  text: ({ main }) => plainText(String(main)),
})

const allowed: sanitizeHtml.IOptions = {
  allowedTags: [
    ...['p', 'br', 'h1', 'h2', 'h3', 'h4', 'ul', 'ol', 'li', 'blockquote', 'pre', 'hr'],
    ...['b', 'strong', 'i', 'em', 'u', 's', 'code', 'a', 'mark', 'sub', 'sup'],
    ...['table', 'thead', 'tbody', 'tr', 'th', 'td'],
  ],
  allowedAttributes: {
    a: ['href', 'rel', 'target'],
    ol: ['start'],
    th: ['colspan'],
    td: ['colspan'],
  },
  allowedSchemes: ['http', 'https', 'mailto', 'tel'],
  allowProtocolRelative: false,
  disallowedTagsMode: 'discard',
  nestingLimit: 32,
  transformTags: {
    a: (tagName, { href }) => ({
      tagName,
      attribs: { ...(href === undefined ? {} : { href }), rel: 'noopener noreferrer nofollow' },
    }),
  },
}

/** A tag that is taken out may leave a paragraph inside another one, which no reader of HTML does: once more. */
function cleaned(html: string): string {
  return sanitizeHtml(sanitizeHtml(html, allowed), allowed).trim()
}

const noTags: sanitizeHtml.IOptions = { allowedTags: [], allowedAttributes: {} }
const entities = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&nbsp;': ' ' } as const

function plainText(html: string): string {
  const spaced = html.replace(/<(?:br|\/p|\/li|\/h[1-4]|\/tr|\/pre|hr)[^>]*>/g, '$& ')
  return sanitizeHtml(spaced, noTags)
    .replace(/&(?:amp|lt|gt|quot|nbsp);/g, (name) => entities[name as keyof typeof entities])
    .replace(/\s+/g, ' ')
    .trim()
}
