/** Below 0, 0 or above 0 as `one` is less than, as much as, or more than `other`: `500m`, `2`, `1Gi`, `128M`. */
export function compareQuantities(one: string, other: string): number {
  return amountOf(one) - amountOf(other);
}

const factors: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

function amountOf(quantity: string): number {
  const [, number = 'NaN', unit = ''] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(quantity) ?? [];
  return Number(number) * (factors[unit] ?? Number.NaN);
}
