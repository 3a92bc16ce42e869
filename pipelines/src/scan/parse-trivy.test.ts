import { expect, test } from 'vitest';
import secrets from './fixtures/image-with-secrets.json' with { type: 'json' };
import misconfigurations from './fixtures/misconfigurations.json' with { type: 'json' };
import nothingFound from './fixtures/nothing-found.json' with { type: 'json' };
import vulnerabilities from './fixtures/vulnerabilities.json' with { type: 'json' };
import { parseTrivyReport } from './parse-trivy.ts';

test('vulnerabilities say where they are and which version mends them', () => {
  const report = parseTrivyReport(vulnerabilities);
  expect(report).toMatchObject({ ok: true });
  if (!report.ok) return;
  expect(report.value.map((finding) => `${finding.severity} ${finding.id} in ${finding.where}`)).toEqual([
    'critical CVE-2023-45853 in zlib1g 1:1.2.13.dfsg-1',
    'high CVE-2024-0567 in libgnutls30 3.7.9-2+deb12u1',
    'low CVE-2011-3374 in apt 2.6.1',
    'unknown TEMP-0841856-B18BAF in bash 5.2.15-2+b2',
    'critical CVE-2019-10744 in lodash 4.17.0',
  ]);
  expect(report.value.map((finding) => finding.fixedIn)).toEqual([
    null,
    '3.7.9-2+deb12u2',
    null,
    null,
    '4.17.12',
  ]);
});

test('secrets name file and line', () => {
  const report = parseTrivyReport(secrets);
  expect(report.ok && report.value.map(({ kind, id, where }) => ({ kind, id, where }))).toEqual([
    { kind: 'secret', id: 'aws-access-key-id', where: '/root/creds:1' },
    { kind: 'secret', id: 'aws-secret-access-key', where: '/root/creds:2' },
    { kind: 'secret', id: 'private-key', where: '/root/id:1' },
  ]);
});

test('checks that passed are no findings', () => {
  const report = parseTrivyReport(misconfigurations);
  expect(report.ok && report.value.map((finding) => finding.id)).toEqual([
    'AVD-DS-0001',
    'AVD-DS-0002',
    'AVD-DS-0004',
    'AVD-DS-0005',
    'AVD-DS-0010',
    'AVD-DS-0026',
  ]);
});

test('a report without results has no findings', () => {
  expect(parseTrivyReport(nothingFound)).toEqual({ ok: true, value: [] });
});

test('a severity that nobody knows is unknown', () => {
  const report = parseTrivyReport({
    SchemaVersion: 2,
    Results: [{ Target: 'x', Secrets: [{ RuleID: 'new', Severity: 'TERRIBLE' }] }],
  });
  expect(report.ok && report.value[0]?.severity).toBe('unknown');
});

test.for([
  [{}, 'SchemaVersion'],
  [{ SchemaVersion: 1 }, 'SchemaVersion'],
  [null, 'expected object'],
  [
    { SchemaVersion: 2, Results: [{ Vulnerabilities: [{}] }] },
    'Results[0].Vulnerabilities[0].VulnerabilityID',
  ],
] as const)('%o is no report, and the error says where', ([json, place]) => {
  expect(parseTrivyReport(json)).toEqual({ ok: false, error: expect.stringContaining(place) });
});
