// The JSON report of Trivy, schema version 2 (github.com/aquasecurity/trivy, pkg/types/report.go).
import { z } from 'zod';
import { err, ok, type Result } from '../result.ts';
import type { Finding } from './finding.ts';

/** The error names the place in the report that is not as expected. */
export function parseTrivyReport(json: unknown): Result<readonly Finding[], string> {
  const report = trivyReport.safeParse(json);
  if (!report.success) return err(z.prettifyError(report.error));
  return ok((report.data.Results ?? []).flatMap(findingsOf));
}

const severity = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(['unknown', 'low', 'medium', 'high', 'critical']))
  .catch('unknown');

const vulnerability = z.object({
  VulnerabilityID: z.string(),
  PkgName: z.string(),
  InstalledVersion: z.string().default(''),
  FixedVersion: z.string().default(''),
  Severity: severity,
  Title: z.string().default(''),
});

const secret = z.object({
  RuleID: z.string(),
  Severity: severity,
  Title: z.string().default(''),
  StartLine: z.number().default(0),
});

const misconfiguration = z.object({
  ID: z.string(),
  AVDID: z.string().default(''),
  Severity: severity,
  Title: z.string().default(''),
  Status: z.string().default('FAIL'),
});

/** Go leaves empty lists out or writes null. */
const listOf = <T extends z.ZodType>(item: T) => z.array(item).nullish();

const trivyResult = z.object({
  Target: z.string().default(''),
  Vulnerabilities: listOf(vulnerability),
  Secrets: listOf(secret),
  Misconfigurations: listOf(misconfiguration),
});

const trivyReport = z.object({ SchemaVersion: z.literal(2), Results: listOf(trivyResult) });

function findingsOf(result: z.infer<typeof trivyResult>): readonly Finding[] {
  return [
    ...(result.Vulnerabilities ?? []).map((found): Finding => ({
      kind: 'vulnerability',
      id: found.VulnerabilityID,
      severity: found.Severity,
      where: `${found.PkgName} ${found.InstalledVersion}`.trim(),
      title: found.Title,
      fixedIn: found.FixedVersion === '' ? null : found.FixedVersion,
    })),
    ...(result.Secrets ?? []).map((found): Finding => ({
      kind: 'secret',
      id: found.RuleID,
      severity: found.Severity,
      where: found.StartLine > 0 ? `${result.Target}:${found.StartLine}` : result.Target,
      title: found.Title,
      fixedIn: null,
    })),
    ...(result.Misconfigurations ?? [])
      .filter((found) => found.Status === 'FAIL')
      .map((found): Finding => ({
        kind: 'misconfiguration',
        id: found.AVDID === '' ? found.ID : found.AVDID,
        severity: found.Severity,
        where: result.Target,
        title: found.Title,
        fixedIn: null,
      })),
  ];
}
