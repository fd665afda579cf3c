import { type Brand, brandShades, escapeHtml } from '@runwaycrm/sdk'
import type { MailAction } from './message.ts'

export interface DrawnMail {
  readonly subject: string
  /** Paragraphs between blank lines; the one that is the action's address becomes its button. */
  readonly text: string
  readonly action?: MailAction
  /** BCP 47. */
  readonly language: string
}

type NamedBrand = Brand & { readonly name: string }

/** The product's own colour, for organisations that have none. */
const usualColor = '#2b5bd7'

/**
 * A plain text in the look of its organisation. Mail programs know tables and style attributes, little
 * else; every text is escaped, and nothing is loaded from anywhere: the logo is part of the mail.
 */
export function drawMail(mail: DrawnMail, brand: NamedBrand): string {
  const { solid, onSolid, ink } = brandShades(brand.mailColor ?? brand.color ?? usualColor).light
  const paragraphs = mail.text.trim().split(/\n\s*\n/)
  const body = paragraphs.map((text) =>
    mail.action && text.trim() === mail.action.url
      ? button(mail.action, solid, onSolid)
      : `<p style="margin:0 0 16px">${linked(text, ink)}</p>`,
  )
  const logo = brand.logo
    ? `<img src="${escapeHtml(brand.logo)}" alt="" height="32" style="height:32px;max-width:160px;vertical-align:middle;border:0;margin-right:10px">`
    : ''
  const foot = [brand.name, ...(brand.mailFooter?.split('\n') ?? [])]
  return [
    '<!doctype html>',
    `<html lang="${escapeHtml(mail.language)}"><head><meta charset="utf-8">`,
    '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light">',
    `<title>${escapeHtml(mail.subject)}</title></head>`,
    '<body style="margin:0;padding:0;background:#f4f5f7">',
    `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f4f5f7"><tr><td align="center" style="padding:32px 16px">`,
    `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px;background:#ffffff;border-radius:12px;border-top:4px solid ${solid}">`,
    `<tr><td style="padding:28px 32px 0;font:600 16px/32px ${font};color:#16181d">${logo}<span style="vertical-align:middle">${escapeHtml(brand.name)}</span></td></tr>`,
    `<tr><td style="padding:20px 32px 12px;font:400 15px/24px ${font};color:#2b2f38">${body.join('')}</td></tr>`,
    '</table>',
    `<p style="margin:16px 0 0;font:400 12px/18px ${font};color:#5b616e">${foot.map(escapeHtml).join('<br>')}</p>`,
    '</td></tr></table></body></html>',
  ].join('\n')
}

const font = "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"

function button({ label, url }: MailAction, solid: string, onSolid: string): string {
  const style = `display:inline-block;padding:10px 20px;border-radius:8px;background:${solid};color:${onSolid};font-weight:600;text-decoration:none`
  return `<p style="margin:8px 0 24px"><a href="${escapeHtml(url)}" style="${style}">${escapeHtml(label)}</a></p>`
}

/** Lines as they are; web addresses are links. */
function linked(text: string, ink: string): string {
  return text
    .split(/(https?:\/\/[^\s<>"]+)/)
    .map((part, i) =>
      i % 2 === 1
        ? `<a href="${escapeHtml(part)}" style="color:${ink}">${escapeHtml(part)}</a>`
        : escapeHtml(part).replaceAll('\n', '<br>'),
    )
    .join('')
}
