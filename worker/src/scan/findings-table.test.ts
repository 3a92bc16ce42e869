import { expect, test } from 'vitest';
import type { Finding } from '@sluice/pipelines/scan/finding';
import { findingsTable } from './findings-table.ts';

const finding = (more: Partial<Finding>): Finding => ({
  kind: 'vulnerability',
  id: 'CVE-2024-0567',
  severity: 'low',
  where: 'gnutls 3.7',
  title: 'a title',
  fixedIn: null,
  ...more,
});

test('the worst stand first, in columns, with the version that mends them', () => {
  const table = findingsTable(
    [
      finding({}),
      finding({ severity: 'critical', id: 'private-key', where: '/id:1', title: 'Private Key' }),
      finding({ severity: 'high', fixedIn: '3.8' }),
    ],
    50,
  );
  expect(table).toEqual([
    'CRITICAL  private-key    /id:1       Private Key',
    'HIGH      CVE-2024-0567  gnutls 3.7  a title (fixed in 3.8)',
    'LOW       CVE-2024-0567  gnutls 3.7  a title',
  ]);
});

test('what does not fit is counted', () => {
  const table = findingsTable(
    Array.from({ length: 53 }, () => finding({})),
    50,
  );
  expect(table).toHaveLength(51);
  expect(table.at(-1)).toBe('… and 3 more, in the report');
});

test('nothing found is no table', () => {
  expect(findingsTable([], 50)).toEqual([]);
});
