import { createHash } from 'node:crypto'
import {
  type Brand,
  brandShades,
  escapeHtml,
  type PublicField,
  type PublicForm,
  type PublicPage,
} from '@runwaycrm/sdk'
import { publicStyle } from './public-style.ts'
import type { Answer } from './route.ts'

/**
 * A page for somebody without an account: texts, and at most one form, drawn here so that no markup of a
 * plugin and none of its texts runs as anything. It loads nothing from elsewhere, works without scripts and
 * needs no cookie; the one script tells a page around it how tall it is.
 *
 * @param brand of the organisation, when the page looks like it.
 */
export function publicPage(
  status: number,
  page: PublicPage,
  brand: (Brand & { readonly name: string }) | null,
): Answer {
  const { title, text, button, form, language = 'en', embeddedIn = [] } = page
  const style = `${coloursOf(brand)}${publicStyle}`
  const isFramed = embeddedIn.length > 0
  const shown = form ?? (button ? { button, fields: [] } : null)
  const icon = brand?.favicon ?? brand?.logo
  const head = [
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escapeHtml(brand ? `${title} · ${brand.name}` : title)}</title>`,
    icon ? `<link rel="icon" href="${escapeHtml(icon)}">` : '',
    `<style>${style}</style>`,
  ]
  const body = [
    '<main>',
    brand ? headOf(brand) : '',
    `<h1>${escapeHtml(title)}</h1>`,
    ...text.map((one) => `<p>${escapeHtml(one)}</p>`),
    shown ? drawForm(shown) : '',
    '</main>',
    isFramed ? `<script>${tellHeight}</script>` : '',
  ]
  return {
    status,
    headers: {
      'content-security-policy': policyOf(style, isFramed, page),
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex',
      'content-language': language,
    },
    type: 'text/html; charset=utf-8',
    body: `<!doctype html><html lang="${escapeHtml(language)}" dir="${directionOf(language)}"><head>${head.join('')}</head><body>${body.join('')}</body></html>`,
  }
}

/** Nothing but what stands in the page itself; framed by those sites alone that the page names. */
function policyOf(style: string, isFramed: boolean, { form, embeddedIn = [] }: PublicPage): string {
  const targets = ["'self'", ...(form?.leadsTo ?? []).filter(isOrigin)]
  const frames = embeddedIn.filter(isOrigin)
  return [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    ...(isFramed ? [`script-src '${hashOf(tellHeight)}'`] : []),
    'img-src data:',
    "base-uri 'none'",
    `form-action ${targets.join(' ')}`,
    `frame-ancestors ${frames.length > 0 ? frames.join(' ') : "'none'"}`,
  ].join('; ')
}

const hashOf = (text: string): string =>
  `sha256-${createHash('sha256').update(text).digest('base64')}`

/** A host, and nothing that could say more in a header. */
const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text

/** A height is all that leaves, so whoever frames it may hear it. */
const tellHeight =
  "if(parent!==window){const tell=()=>parent.postMessage({runwayFormHeight:document.documentElement.offsetHeight},'*');new ResizeObserver(tell).observe(document.body);tell()}"

/** For the page around: gives each form's frame the height that it tells. */
export const frameScript = `addEventListener('message',(e)=>{const h=e.data&&e.data.runwayFormHeight;if(!(h>0))return;for(const f of document.querySelectorAll('iframe[data-runway-form]'))if(f.contentWindow===e.source&&new URL(f.src).origin===e.origin)f.style.height=Math.min(h,20000)+'px'})`

const mirrored = new Set(['ar', 'dv', 'fa', 'he', 'ps', 'sd', 'ug', 'ur', 'yi'])
const directionOf = (language: string): string =>
  mirrored.has(language.slice(0, 2).toLowerCase()) ? 'rtl' : 'ltr'

function coloursOf(brand: Brand | null): string {
  const { light, dark } = brandShades(brand?.color ?? '#2b5bd7', brand?.colorDark ?? brand?.color)
  const of = (theme: typeof light) =>
    `--brand:${theme.solid};--on-brand:${theme.onSolid};--ink-brand:${theme.ink}`
  return `:root{${of(light)}}@media(prefers-color-scheme:dark){:root{${of(dark)}}}`
}

function headOf({ logo, name }: Brand & { readonly name: string }): string {
  const picture = logo ? `<img src="${escapeHtml(logo)}" alt="">` : ''
  return `<header>${picture}<span>${escapeHtml(name)}</span></header>`
}

function drawForm({ action, button, problem, fields, kept = {}, trap }: PublicForm): string {
  return [
    `<form method="post"${fields.length > 0 ? ' novalidate' : ''}${action ? ` action="${escapeHtml(action)}"` : ''}>`,
    problem ? `<p class="problem" role="alert">${escapeHtml(problem)}</p>` : '',
    ...Object.entries(kept).map(
      ([name, value]) =>
        `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
    ),
    ...fields.map(drawField),
    trap
      ? `<div class="trap" aria-hidden="true"><label>${escapeHtml(trap.label)}<input name="${escapeHtml(trap.name)}" tabindex="-1" autocomplete="off"></label></div>`
      : '',
    `<button type="submit">${escapeHtml(button)}</button></form>`,
  ].join('')
}

function drawField(field: PublicField, index: number): string {
  const { name, label, control, help, isRequired, problem } = field
  const id = `f${index}`
  const said = [...(help ? [`${id}h`] : []), ...(problem ? [`${id}p`] : [])]
  const attributes = [
    ` id="${id}" name="${escapeHtml(name)}"`,
    said.length > 0 ? ` aria-describedby="${said.join(' ')}"` : '',
    isRequired ? ' aria-required="true"' : '',
    problem ? ' aria-invalid="true"' : '',
  ].join('')
  const words = `${escapeHtml(label)}${isRequired ? '<span aria-hidden="true"> *</span>' : ''}`
  const notes = [
    help ? `<p class="help" id="${id}h">${escapeHtml(help)}</p>` : '',
    problem ? `<p class="wrong" id="${id}p">${escapeHtml(problem)}</p>` : '',
  ].join('')
  if (control === 'check') {
    const checked = field.value === undefined || field.value === '' ? '' : ' checked'
    return `<div class="field"><label class="box"><input type="checkbox" value="yes"${attributes}${checked}><span>${words}</span></label>${notes}</div>`
  }
  if (control === 'choices') {
    const chosen = new Set(field.value)
    const boxes = (field.options ?? []).map(
      (one) =>
        `<label class="box"><input type="checkbox" name="${escapeHtml(name)}" value="${escapeHtml(one.value)}"${chosen.has(one.value) ? ' checked' : ''}><span>${escapeHtml(one.label)}</span></label>`,
    )
    const about = said.length > 0 ? ` aria-describedby="${said.join(' ')}"` : ''
    return `<fieldset class="field"${about}><legend>${words}</legend>${boxes.join('')}${notes}</fieldset>`
  }
  return `<div class="field"><label for="${id}">${words}</label>${inputOf(field, attributes)}${notes}</div>`
}

function inputOf(field: PublicField, attributes: string): string {
  const { control, maxLength, autocomplete, options = [] } = field
  const value = typeof field.value === 'string' ? field.value : ''
  const more = [
    maxLength ? ` maxlength="${maxLength}"` : '',
    autocomplete ? ` autocomplete="${escapeHtml(autocomplete)}"` : '',
  ].join('')
  // A browser takes the first line break of a text field away.
  if (control === 'lines')
    return `<textarea rows="5" dir="auto"${attributes}${more}>\n${escapeHtml(value)}</textarea>`
  if (control === 'choice') {
    const all = [{ value: '', label: '' }, ...options].map(
      (one) =>
        `<option value="${escapeHtml(one.value)}"${one.value === value ? ' selected' : ''}>${escapeHtml(one.label)}</option>`,
    )
    return `<select${attributes}${more}>${all.join('')}</select>`
  }
  // Words of people run in their own direction; numbers and days have none.
  const type =
    control === 'number'
      ? ' type="text" inputmode="decimal"'
      : ` type="${control}"${control === 'text' ? ' dir="auto"' : ''}`
  return `<input${type} value="${escapeHtml(value)}"${attributes}${more}>`
}
