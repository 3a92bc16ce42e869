import type { KeyTable } from './key.ts';
import { choice, map, oneOrList, plainText, record, text } from './shapes.ts';

const objectName = text('a Kubernetes name', '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$');

export const tolerationKeys: KeyTable = {
  key: { shape: plainText('text', ['gpu']), says: 'Key of the taint.', required: true },
  value: { shape: plainText('text'), says: 'Value of the taint.', fallback: 'any' },
  effect: {
    shape: choice(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
    says: 'Effect of the taint.',
    fallback: 'any',
  },
};

export const podKeys: KeyTable = {
  service_account: {
    shape: objectName,
    says: 'The pod’s service account, whose token is mounted.',
    fallback: 'none',
  },
  node_selector: {
    shape: record('labels', '', plainText('text')),
    says: 'Labels that the node must have.',
    fallback: 'any node',
  },
  tolerations: {
    shape: oneOrList(map('a toleration', tolerationKeys)),
    says: 'Taints of nodes that do not keep the pod away.',
    fallback: 'none',
  },
  runtime_class: { shape: objectName, says: 'Such as gvisor or kata.', fallback: 'that of the cluster' },
};

export const pod = map('wishes', podKeys);
