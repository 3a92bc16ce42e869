import { expect, test } from 'vitest';
import { findTrivy, trivyWords } from './find-trivy.ts';

test('the words of a Trivy are those of its own help', () => {
  expect(trivyWords('--scanners strings (vuln,misconfig,secret,license)\n--skip-check-update  skip')).toEqual(
    {
      misconfiguration: 'misconfig',
      skipCheckUpdate: '--skip-check-update',
    },
  );
  expect(trivyWords('--scanners strings (vuln,config,secret,license)\n--skip-policy-update  skip')).toEqual({
    misconfiguration: 'config',
    skipCheckUpdate: '--skip-policy-update',
  });
});

test('a SLUICE_TRIVY that names no program is said, and nothing else is used in its place', async () => {
  expect(await findTrivy({ SLUICE_TRIVY: '/nowhere/trivy', PATH: process.env['PATH'] })).toEqual({
    ok: false,
    error: 'SLUICE_TRIVY names /nowhere/trivy, which is no program: correct it.',
  });
});
