import type { PublicPage } from '@runwaycrm/sdk'
import type { Answer } from './route.ts'

/** Nothing is loaded, nobody frames it, its form leads back here, and its address goes nowhere. */
const headers = {
  'content-security-policy': "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex',
}

/** A page of texts and at most one button, which posts to the page's own address. */
export function plainPage(status: number, { title, text, button }: PublicPage): Answer {
  const paragraphs = text.map((one) => `<p>${escapeText(one)}</p>`).join('')
  const form = button
    ? `<form method="post"><button type="submit">${escapeText(button)}</button></form>`
    : ''
  return {
    status,
    headers,
    type: 'text/html; charset=utf-8',
    body: `<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeText(title)}</title></head><body><main><h1>${escapeText(title)}</h1>${paragraphs}${form}</main></body></html>`,
  }
}

function escapeText(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (char) => names[char] as string)
}
