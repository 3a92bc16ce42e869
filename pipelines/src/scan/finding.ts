import type { Severity } from '../language/definition.ts';

/** One thing that a scanner has found, whatever the scanner. */
export interface Finding {
  readonly kind: 'vulnerability' | 'secret' | 'misconfiguration';
  /** What an allow-list names: `CVE-2024-3094`, `aws-access-key-id`, `AVD-DS-0002`. */
  readonly id: string;
  /** `unknown`: the scanner has no rating for it; it stands below `low`. */
  readonly severity: Severity | 'unknown';
  /** Package with version, file with line, or the image's configuration. */
  readonly where: string;
  readonly title: string;
  /** Version that mends it; null: none known, or not a matter of versions. */
  readonly fixedIn: string | null;
}

export interface ScanReport {
  readonly findings: readonly Finding[];
  /** False: the scanner could not look for vulnerabilities, so that their absence says nothing. */
  readonly hasVulnerabilityData: boolean;
}
