import type { PodToleration, PodWishes } from './definition.ts';
import { field, readFields, requiredField, type Reader } from './fields.ts';
import { namesOf } from './keys/key.ts';
import { podKeys, tolerationKeys } from './keys/pod-keys.ts';
import { readChoice, readList, readPlainText } from './read-values.ts';
import { report } from './reading.ts';

/** What a stage asks of its Kubernetes pod. */
export const readPod: Reader<PodWishes> = (reading, node, name) => {
  const fields = readFields(reading, node, name, {
    known: namesOf(podKeys),
  });
  return {
    serviceAccount: field(fields, 'service_account', readObjectName, null),
    nodeSelector: field(fields, 'node_selector', readSelector, {}),
    tolerations: field(fields, 'tolerations', readList(readToleration), []),
    runtimeClass: field(fields, 'runtime_class', readObjectName, null),
  };
};

const objectName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

const readObjectName: Reader<string> = (reading, node, name) => {
  const text = readPlainText(reading, node, name);
  if (!objectName.test(text)) {
    report(
      reading,
      node,
      'wrong-value',
      `${name} must be a Kubernetes name: lower-case letters, digits, "-" and ".".`,
    );
  }
  return text;
};

/** Label → value, as nodes carry them. */
const readSelector: Reader<Readonly<Record<string, string>>> = (reading, node, name) => {
  if (node.kind !== 'map') {
    report(reading, node, 'wrong-type', `${name} must be a map such as disk: ssd.`);
    return {};
  }
  const entries = node.entries.map(({ key, value }) => [
    key,
    readPlainText(reading, value, `${name}.${key}`),
  ]);
  return Object.fromEntries(entries);
};

const readToleration: Reader<PodToleration> = (reading, node, name) => {
  const fields = readFields(reading, node, name, { known: namesOf(tolerationKeys) });
  const effects = readChoice(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);
  return {
    key: requiredField(fields, 'key', readPlainText, 'key: gpu', ''),
    value: field(fields, 'value', readPlainText, null),
    effect: field(fields, 'effect', effects, null),
  };
};
