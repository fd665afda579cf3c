import { escapeHtml, type PublicPage } from '@runwaycrm/sdk'
import type { Answer } from './route.ts'

/** Nothing is loaded, nobody frames it, its form leads back here, and its address goes nowhere. */
const headers = {
  'content-security-policy': "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex',
}

/** A page of texts and at most one button, which posts to the page's own address. */
export function plainPage(
  status: number,
  { title, text, button, language = 'en' }: PublicPage,
): Answer {
  const paragraphs = text.map((one) => `<p>${escapeHtml(one)}</p>`).join('')
  const form = button
    ? `<form method="post"><button type="submit">${escapeHtml(button)}</button></form>`
    : ''
  return {
    status,
    headers,
    type: 'text/html; charset=utf-8',
    body: `<!doctype html><html lang="${escapeHtml(language)}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title></head><body><main><h1>${escapeHtml(title)}</h1>${paragraphs}${form}</main></body></html>`,
  }
}
