import type { LinesOf } from '@runwaycrm/sdk'

export const orderEntity = 'crm.orders:order'
export const lineEntity = 'crm.orders:order_line'

export const orderLines: LinesOf = {
  document: orderEntity,
  line: lineEntity,
  relation: 'orderId',
  open: ['open', 'partial'],
}
