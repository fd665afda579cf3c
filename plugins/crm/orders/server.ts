import {
  type AfterChange,
  defineHandlers,
  followLines,
  type HandlerContext,
  priceLine,
} from '@runwaycrm/sdk'
import { createOrder } from './create-order.ts'
import { cancelOrder, fulfilOrder } from './fulfil-order.ts'
import { fillOrder, guardOrder, priceOrderLine } from './guard-order.ts'
import { orderAccepted } from './order-of-quote.ts'
import { seedSample } from './sample.ts'
import { orderLines } from './settings.ts'

export const handlers = defineHandlers({
  fillOrder,
  guardOrder,
  priceLine,
  priceOrderLine,
  followLines: (change: AfterChange, ctx: HandlerContext) => followLines(change, ctx, orderLines),
  orderAccepted,
  createOrder,
  fulfilOrder,
  cancelOrder,
  seedSample,
})
