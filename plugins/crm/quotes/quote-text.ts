import type { RecordData } from '@runwaycrm/sdk'

/** The mail of a quote as plain text: message, lines, totals, and until when it is valid. */
export function quoteText(
  quote: RecordData,
  lines: readonly RecordData[],
  more: {
    readonly orgName: string
    /** What the organisation calls a quote. */
    readonly term: string
    readonly locale: string
    readonly message?: string | undefined
  },
): string {
  const money = (value: unknown) => formatMoney(value, more.locale)
  const rows = lines.map((line) => {
    const discount = Number(line['discount'] ?? 0)
    const off = discount > 0 ? `, less ${discount} %` : ''
    return `- ${line['name']}: ${line['quantity']} x ${money(line['unitPrice'])}${off} = ${money(line['total'])}`
  })
  return [
    ...(more.message ? [more.message, ''] : []),
    `${more.term} ${quote['number']}: ${quote['name']}`,
    '',
    ...rows,
    '',
    `Subtotal: ${money(quote['subtotal'])}`,
    `Tax (${Number(quote['taxRate'] ?? 0)} %): ${money(quote['tax'])}`,
    `Total: ${money(quote['total'])}`,
    ...(quote['validUntil'] ? ['', `Valid until ${quote['validUntil']}.`] : []),
    ...(quote['notes'] ? ['', String(quote['notes'])] : []),
    '',
    more.orgName,
  ].join('\n')
}

function formatMoney(value: unknown, locale: string): string {
  const { amount, currency } = (value ?? {}) as { amount?: string; currency?: string }
  if (amount === undefined || !currency) return '-'
  try {
    return new Intl.NumberFormat(locale, { style: 'currency', currency }).format(Number(amount))
  } catch {
    return `${amount} ${currency}`
  }
}
