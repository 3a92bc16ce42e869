import type { TrivyWords } from './find-trivy.ts';

export interface TrivyScan {
  /** Tar of the image, as `docker save` writes it; its name, relative to where Trivy runs, stands in the report. */
  readonly archive: string;
  /** One running Trivy each. */
  readonly cache: string;
  /** File to write. */
  readonly output: string;
}

/** Finds secrets and misconfigurations, and vulnerabilities where there are data. Never asks the network. */
export function reportArguments(
  scan: TrivyScan,
  words: TrivyWords,
  hasVulnerabilityData: boolean,
): readonly string[] {
  const { misconfiguration, skipCheckUpdate } = words;
  const format = ['--format', 'json', '--image-config-scanners', `${misconfiguration},secret`];
  const always = [...offline(scan), ...format, skipCheckUpdate];
  // Without data Trivy refuses both the scanner and the flags.
  return hasVulnerabilityData
    ? [...always, ...skipDataUpdates, '--scanners', `vuln,secret,${misconfiguration}`]
    : [...always, '--scanners', `secret,${misconfiguration}`];
}

/** Lists what is in the image. */
export function sbomArguments(scan: TrivyScan): readonly string[] {
  return [...offline(scan), ...skipDataUpdates, '--format', 'cyclonedx'];
}

const skipDataUpdates = ['--skip-db-update', '--skip-java-db-update'] as const;

/** How long it may take is the stage's to say, not Trivy's. */
function offline({ archive, cache, output }: TrivyScan): readonly string[] {
  const files = ['--input', archive, '--cache-dir', cache, '--output', output];
  return ['image', ...files, '--offline-scan', '--timeout', '24h'];
}
