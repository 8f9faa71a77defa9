/** The venue's refusals: codes and texts (exchange.md §3.4). All are HTTP 400 unless said otherwise. */
import type { VenueFailure } from './exchange.ts'

const TEXTS = {
  [-1023]: 'Start time is greater than end time.',
  [-1102]: "Mandatory parameter '%s' was not sent, was empty/null, or malformed.",
  [-1106]: "Parameter '%s' sent when not required.",
  [-1111]: 'Precision is over the maximum defined for this asset.',
  [-1115]: 'Invalid timeInForce.',
  [-1116]: 'Invalid orderType.',
  [-1117]: 'Invalid side.',
  [-1120]: 'Invalid interval.',
  [-1121]: 'Invalid symbol.',
  [-1128]: 'Combination of optional parameters invalid.',
  [-1130]: "Data sent for parameter '%s' is not valid.",
  [-2007]: 'Invalid callBack rate.',
  [-2011]: 'Unknown order sent.',
  [-2013]: 'Order does not exist.',
  [-2015]: 'Invalid API-key, IP, or permissions for action.',
  [-2019]: 'Margin is insufficient.',
  [-2021]: 'Order would immediately trigger.',
  [-2022]: 'ReduceOnly Order is rejected.',
  [-2025]: 'Reach max open order limit.',
  [-2027]: 'Exceeded the maximum allowable position at current leverage.',
  [-4001]: 'Price less than 0.',
  [-4002]: 'Price greater than max price.',
  [-4003]: 'Quantity less than or equal to zero.',
  [-4004]: 'Quantity less than min quantity.',
  [-4005]: 'Quantity greater than max quantity.',
  [-4006]: 'Stop price less than zero.',
  [-4007]: 'Stop price greater than max price.',
  [-4013]: 'Price less than min price.',
  [-4014]: 'Price not increased by tick size.',
  [-4015]: 'Client order id is not valid.',
  [-4016]: "Limit price can't be higher than %s.",
  [-4021]: '%s is not valid depth limit.',
  [-4023]: 'Quantity not increased by step size.',
  [-4024]: "Limit price can't be lower than %s.",
  [-4028]: 'Leverage %s is not valid.',
  [-4045]: 'Reach max stop order limit.',
  [-4046]: 'No need to change margin type.',
  [-4047]: 'Margin type cannot be changed if there exists open orders.',
  [-4048]: 'Margin type cannot be changed if there exists position.',
  [-4051]: 'Isolated balance insufficient.',
  [-4054]: 'Cannot add position margin: position is 0.',
  [-4056]: 'Add margin only support for isolated position.',
  [-4059]: 'No need to change position side.',
  [-4061]: "Order's position side does not match user's setting.",
  [-4067]: 'Position side cannot be changed if there exists open orders.',
  [-4068]: 'Position side cannot be changed if there exists position.',
  [-4082]: 'Invalid number of batch place orders.',
  [-4083]: "Can't place batch orders.",
  [-4112]: 'ReduceOnly Order is rejected.',
  [-4116]: 'ClientOrderId is duplicated.',
  [-4118]: 'ReduceOnly Order Failed. Please check your existing position and open orders.',
  [-4120]: 'Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.',
  [-4130]: 'An open stop or take profit order with GTE and closePosition in the direction is existing.',
  [-4131]: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
  [-4135]: 'Activation price must be %s than the latest price.',
  [-4136]: 'Target strategy invalid for orderType %s, closePosition true.',
  [-4137]: 'Quantity must be zero with closePosition equals true.',
  [-4138]: 'Reduce only must be true with closePosition equals true.',
  [-4140]: 'Invalid symbol status for opening position.',
  [-4141]: 'Symbol is closed.',
  [-4142]: 'REJECT: take profit or stop order will be triggered immediately.',
  [-4161]: 'Leverage reduction is not supported in Isolated Margin Mode with open positions.',
  [-4164]: "Order's notional must be no smaller than %s (unless you choose reduce only).",
  [-5021]:
    'Due to the order could not be filled immediately, the FOK order has been rejected. The order will not be recorded in the order history.',
  [-5022]:
    'Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be recorded in the order history.',
  [-5024]: 'Symbol is not in trading status. Order amendment is not permitted.',
  [-5025]: 'Only limit order is supported.',
  [-5026]: 'Exceed maximum modify order limit.',
  [-5027]: 'No need to modify the order.',
  [-5047]: 'Modifying reduceOnly is not permitted for this order.',
} as const

export type VenueCode = keyof typeof TEXTS

/** A refusal with the venue's text; `value` fills its %s. */
export function refuse(code: VenueCode, value = ''): VenueFailure {
  return { ok: false, status: 400, code, msg: TEXTS[code].replace('%s', value) }
}

/** Result of an inner step: a value or the venue's refusal. */
export type Checked<T> = { readonly ok: true; readonly value: T } | VenueFailure
export const accept = <T>(value: T): Checked<T> => ({ ok: true, value })
