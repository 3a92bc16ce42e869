import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ScanWork } from '@sluice/pipelines/language/definition';
import type { ScanReport } from '@sluice/pipelines/scan/finding';
import { parseTrivyReport } from '@sluice/pipelines/scan/parse-trivy';
import { judgeScan, type ScanVerdict } from '@sluice/pipelines/scan/scan-gate';
import type { StageOutcome } from '@sluice/pipelines/run/run-state';
import { failed } from '../stages/failed-outcome.ts';
import { findRunImage } from '../build/find-run-image.ts';
import type { StageContext, StageRunner } from '../stages/stage-runner.ts';
import { stoppedOutcome } from '../stages/stopped-outcome.ts';
import { findTrivy, type TrivyProgram } from './find-trivy.ts';
import { findingsTable } from './findings-table.ts';
import { runTrivy, TrivyError } from './run-trivy.ts';
import { reportArguments, sbomArguments } from './trivy-arguments.ts';
import { openTrivyCache } from './vulnerability-data.ts';

const shownFindings = 50;

/**
 * Scans the image of a build stage with Trivy, without the network, and keeps `trivy-report.json` and, unless the stage
 * does without, `sbom.cdx.json` (CycloneDX). Outputs: `critical`, `high`, `medium`, `low`: how many findings; `verdict`; `vulnerability_data`:
 * `present` or `missing`.
 */
export const runScanStage: StageRunner = async (context) => {
  const { claim, signal } = context;
  const work = claim.stage.work;
  if (work.kind !== 'scan') throw new Error(`stage "${claim.stage.id}" is no scan stage: ${work.kind}`);
  if (signal.aborted) return stoppedOutcome(signal);

  const trivy = await findTrivy(process.env);
  if (!trivy.ok) return failed(trivy.error);
  const image = await findRunImage(context, work.of);
  if (!image.ok) return failed(image.error);
  const folder = join(context.scratch, 'scan');
  try {
    await mkdir(folder, { recursive: true });
    const report = await scan(context, work, trivy.value, image.value.name, folder);
    const today = new Date().toISOString().slice(0, 10);
    return tell(context, report, judgeScan(report, work, today));
  } catch (error) {
    if (signal.aborted) return stoppedOutcome(signal);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function scan(
  { blobs, docker, log, signal }: StageContext,
  work: ScanWork,
  trivy: TrivyProgram,
  image: string,
  folder: string,
): Promise<ScanReport> {
  const cache = join(folder, 'cache');
  const data = await openTrivyCache(cache, process.env);
  const hasVulnerabilityData = data.kind === 'present';
  log.say(
    `scanning ${image} for ${hasVulnerabilityData ? 'vulnerabilities, ' : ''}secrets and misconfigurations`,
  );
  log.say(
    hasVulnerabilityData
      ? `vulnerability data of ${data.updatedAt}`
      : 'no vulnerability data on this worker: run `trivy image --download-db-only` on its host to have them',
  );
  const archive = 'image.tar';
  await pipeline(await docker.getImage(image).get(), createWriteStream(join(folder, archive)), { signal });

  const report = { archive, cache, output: join(folder, 'trivy-report.json') };
  const sbom = { archive, cache: join(folder, 'sbom-cache'), output: join(folder, 'sbom.cdx.json') };
  const run = (args: readonly string[]): Promise<void> => runTrivy(trivy.path, args, folder, log, signal);
  const hasSbom = work.sbom !== false;
  await Promise.all([
    run(reportArguments(report, trivy.words, hasVulnerabilityData)),
    ...(hasSbom ? [run(sbomArguments(sbom))] : []),
  ]);

  const reportBytes = await readFile(report.output);
  await blobs.put('trivy-report.json', reportBytes);
  if (hasSbom) await blobs.put('sbom.cdx.json', await readFile(sbom.output));
  const findings = parseTrivyReport(JSON.parse(reportBytes.toString()));
  if (!findings.ok)
    throw new TrivyError(`the report of ${trivy.path} is not one that we read: ${findings.error}`);
  return { findings: findings.value, hasVulnerabilityData };
}

function tell({ log }: StageContext, report: ScanReport, verdict: ScanVerdict): StageOutcome {
  for (const line of findingsTable(report.findings, shownFindings))
    log.write('stdout', Buffer.from(`${line}\n`));
  const { critical, high, medium, low } = verdict.counts;
  log.say(`${critical} critical, ${high} high, ${medium} medium, ${low} low`);
  for (const reason of verdict.reasons) log.say(reason);
  if (verdict.verdict === 'failed')
    return failed(`The scan does not let the image pass: ${verdict.reasons.join('; ')}.`);
  return {
    result: 'succeeded',
    outputs: {
      critical: String(critical),
      high: String(high),
      medium: String(medium),
      low: String(low),
      verdict: verdict.verdict,
      vulnerability_data: report.hasVulnerabilityData ? 'present' : 'missing',
    },
  };
}
