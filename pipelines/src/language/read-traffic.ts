import type { TrafficProvider } from './definition.ts';
import type { Reader } from './fields.ts';
import { readPlainText } from './read-values.ts';
import { report, suggestion } from './reading.ts';

const kinds = ['httproute', 'ingress', 'virtualservice'] as const;

/** `httproute/shop`; null: `replicas`, what counts without the key. */
export const readTraffic: Reader<TrafficProvider | null> = (reading, node, name) => {
  const text = readPlainText(reading, node, name);
  if (text === '' || text === 'replicas' || text.includes('${{')) return null;
  const [word = '', ...rest] = text.split('/');
  const object = rest.join('/');
  const kind = kinds.find((each) => each === word);
  if (kind === undefined) {
    const help = suggestion(reading, word, [...kinds, 'replicas']);
    const message = `${name} must be replicas, or one of ${kinds.join(', ')} with the name of such an object, as in httproute/shop, not ${text}.${help}`;
    report(reading, node, 'wrong-value', message);
    return null;
  }
  if (object === '') {
    const message = `${name} does not say which ${kind}. Write ${kind}/ and the object's name, such as ${kind}/shop.`;
    report(reading, node, 'wrong-value', message);
    return null;
  }
  if (!objectName.test(object)) {
    const message = `${name}: "${object}" is no name of an object in Kubernetes. It has lower-case letters, digits, dashes and dots, at most 240, such as ${kind}/shop.`;
    report(reading, node, 'bad-name', message);
    return null;
  }
  return { kind, name: object };
};

/** A little shorter than Kubernetes allows, so that an object beside it can be named after it. */
const objectName = /^[a-z0-9]([a-z0-9.-]{0,238}[a-z0-9])?$/;
