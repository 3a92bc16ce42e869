// Kubernetes takes at most 63 letters, digits, "-", "_" and "." as a label's value. Ours hold names that people gave.
import { createHash } from 'node:crypto';

/** The same labels with values that the cluster takes; two different values never become the same. */
export function validLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, labelValue(value)]));
}

/** Annotations that keep the values as they were. */
export function fullValues(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [`${name}${fullSuffix}`, value]));
}

/** What `validLabels` and `fullValues` were made from; a label without such an annotation is taken as it is. */
export function originalLabels(
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name, annotations[`${name}${fullSuffix}`] ?? value]),
  );
}

const fullSuffix = '.full';

export function labelValue(value: string): string {
  if (isValid.test(value)) return value;
  const readable = value.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 40);
  return `${readable.replace(/^[^A-Za-z0-9]+/, '')}-${shortHash(value)}`.replace(/^-/, '');
}

/** 16 characters that stand for the text: lower-case letters and digits. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

const isValid = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
