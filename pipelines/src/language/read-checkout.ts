import type { CheckoutWishes, SubmoduleWish } from './definition.ts';
import { field, readFields, type Reader } from './fields.ts';
import { checkoutKeys, deepestHistory } from './keys/checkout-keys.ts';
import { namesOf } from './keys/key.ts';
import { readBoolean, readChoice, readInteger } from './read-values.ts';
import { report } from './reading.ts';

/** True for the files of the commit, false for nothing, or what there is to be beside them. */
export const readCheckout: Reader<boolean | CheckoutWishes> = (reading, node, name) => {
  if (node.kind !== 'map') return readBoolean(reading, node, name);
  const fields = readFields(reading, node, name, { known: namesOf(checkoutKeys) });
  const depth = field(fields, 'depth', readInteger(0, deepestHistory), null);
  const submodules = field(fields, 'submodules', readSubmodules, 'none');
  return depth === null && submodules === 'none' ? true : { depth, submodules };
};

/** Of a stage that needs the files of the commit in any case. */
export const readCheckoutWishes: Reader<CheckoutWishes | null> = (reading, node, name) => {
  const wishes = readCheckout(reading, node, name);
  if (wishes === false) {
    const message = `${name} cannot be false: an image is built of the files of the repository. Remove it.`;
    report(reading, node, 'wrong-value', message);
  }
  return typeof wishes === 'boolean' ? null : wishes;
};

const readSubmodules: Reader<SubmoduleWish> = (reading, node, name) => {
  const isWord = node.kind === 'scalar' && typeof node.value === 'string';
  if (isWord) return readChoice(['recursive'])(reading, node, name);
  return readBoolean(reading, node, name) ? 'direct' : 'none';
};
