import { report } from './reading.ts';
import type { Reader } from './fields.ts';
import { describeNode, type ScalarNode, type SourceNode } from './source-node.ts';

/** Who a container runs as: `node`, `1000`, `1000:1000`. */
export const readUser: Reader<string> = (reading, node, name) => {
  const user = isNameOrNumber(node) ? String(node.value) : '';
  if (/^(\d{1,10}|[a-z_][a-z0-9_-]{0,31})(:(\d{1,10}|[a-z_][a-z0-9_-]{0,31}))?$/.test(user)) return user;
  const message = `${name} must be a user of the image, such as node, 1000 or '1000:1000', not ${describeNode(node)}.`;
  report(reading, node, 'wrong-value', message);
  return 'nobody';
};

const isNameOrNumber = (node: SourceNode): node is ScalarNode =>
  node.kind === 'scalar' && (typeof node.value === 'string' || typeof node.value === 'number');
