import { describe, expect, test } from 'vitest';
import secrets from './fixtures/image-with-secrets.json' with { type: 'json' };
import vulnerabilities from './fixtures/vulnerabilities.json' with { type: 'json' };
import type { Finding } from './finding.ts';
import { parseTrivyReport } from './parse-trivy.ts';
import { judgeScan, type ScanRules } from './scan-gate.ts';

const today = '2026-01-31';
const rules = (more: Partial<ScanRules> = {}): ScanRules => ({
  failOn: 'high',
  noData: 'fail',
  allow: [],
  ...more,
});
const reportOf = (json: unknown) => {
  const findings = parseTrivyReport(json);
  if (!findings.ok) throw new Error(findings.error);
  return { findings: findings.value, hasVulnerabilityData: true };
};
const ids = (findings: readonly Finding[]) => findings.map((finding) => finding.id);

describe('severity', () => {
  test('findings at or above the limit fail, those below and the unrated ones do not', () => {
    const verdict = judgeScan(reportOf(vulnerabilities), rules(), today);
    expect(verdict.verdict).toBe('failed');
    expect(ids(verdict.blocking)).toEqual(['CVE-2023-45853', 'CVE-2024-0567', 'CVE-2019-10744']);
    expect(verdict.counts).toEqual({ critical: 2, high: 1, medium: 0, low: 1, unknown: 1 });
    expect(verdict.reasons).toEqual(['3 findings at or above high']);
  });

  test('the limit is the pipeline’s own', () => {
    expect(ids(judgeScan(reportOf(vulnerabilities), rules({ failOn: 'critical' }), today).blocking)).toEqual([
      'CVE-2023-45853',
      'CVE-2019-10744',
    ]);
    expect(judgeScan(reportOf(vulnerabilities), rules({ failOn: 'low' }), today).blocking).toHaveLength(4);
  });

  test('without a limit findings are counted and nothing fails', () => {
    const verdict = judgeScan(reportOf(secrets), rules({ failOn: null }), today);
    expect(verdict).toMatchObject({ verdict: 'passed', blocking: [], counts: { critical: 2, high: 1 } });
  });

  test('a scan that found nothing passes without a word', () => {
    expect(judgeScan({ findings: [], hasVulnerabilityData: true }, rules(), today)).toEqual({
      verdict: 'passed',
      reasons: [],
      counts: { critical: 0, high: 0, medium: 0, low: 0, unknown: 0 },
      blocking: [],
      accepted: [],
    });
  });
});

describe('the allow-list', () => {
  const allowAll = (until: string | null) =>
    ['CVE-2023-45853', 'CVE-2024-0567', 'CVE-2019-10744'].map((id) => ({
      id,
      until,
      reason: 'not reachable',
    }));

  test.for([[null], ['2026-01-31'], ['2026-02-01']])(
    'an allowance until %s lets the finding pass',
    ([until]) => {
      const verdict = judgeScan(reportOf(vulnerabilities), rules({ allow: allowAll(until ?? null) }), today);
      expect(verdict).toMatchObject({ verdict: 'passed', blocking: [] });
      expect(verdict.reasons).toEqual(['3 findings accepted by the allow-list']);
    },
  );

  test('an allowance that has ended fails and says so', () => {
    const allow = [
      ...allowAll('2026-12-31').slice(1),
      { id: 'CVE-2023-45853', until: '2026-01-30', reason: 'no zip here' },
    ];
    const verdict = judgeScan(reportOf(vulnerabilities), rules({ allow }), today);
    expect(verdict.verdict).toBe('failed');
    expect(ids(verdict.blocking)).toEqual(['CVE-2023-45853']);
    expect(verdict.reasons).toContain(
      'the allowance for CVE-2023-45853 ended on 2026-01-30 (no zip here): mend it, or accept it anew with a later date',
    );
  });

  test('of two allowances for one finding the later one counts', () => {
    const allow = [...allowAll('2026-01-01'), ...allowAll('2026-06-01')];
    expect(judgeScan(reportOf(vulnerabilities), rules({ allow }), today).verdict).toBe('passed');
  });

  test('an ended allowance for something that was not found is no matter', () => {
    const allow = [{ id: 'CVE-1999-0001', until: '2000-01-01', reason: 'long gone' }];
    expect(judgeScan({ findings: [], hasVulnerabilityData: true }, rules({ allow }), today)).toMatchObject({
      verdict: 'passed',
      reasons: [],
    });
  });
});

describe('missing vulnerability data', () => {
  const blind = { findings: [], hasVulnerabilityData: false };

  test('fails, even where nothing was found and nothing would fail', () => {
    const verdict = judgeScan(blind, rules({ failOn: null }), today);
    expect(verdict.verdict).toBe('failed');
    expect(verdict.reasons[0]).toContain('"no_data: allow"');
  });

  test('passes where the pipeline allows it, and is still said', () => {
    const verdict = judgeScan(blind, rules({ noData: 'allow' }), today);
    expect(verdict.verdict).toBe('passed');
    expect(verdict.reasons[0]).toContain('vulnerabilities were not looked for');
  });

  test('allowed or not, a secret still fails', () => {
    const report = { ...reportOf(secrets), hasVulnerabilityData: false };
    expect(judgeScan(report, rules({ noData: 'allow' }), today)).toMatchObject({ verdict: 'failed' });
  });
});
