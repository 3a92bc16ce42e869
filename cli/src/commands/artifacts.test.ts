import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { apiClient } from '../api-client.ts';
import { showArtifacts } from './artifacts.ts';

const run = {
  number: 7,
  artifacts: [
    { id: 'a1', stage: 'build', attempt: 1, fileCount: 2, bytes: 1e6, expiresAt: 0, isExpired: false },
    { id: 'a2', stage: 'old', attempt: 1, fileCount: 1, bytes: 1e6, expiresAt: 0, isExpired: true },
  ],
  attempts: [{ id: 't1', stage: 'scan', attempt: 2, blobs: [{ name: 'sbom.cdx.json', bytes: 2_000_000 }] }],
};

test('what a run has kept is listed and saved, with the list of what is in its image', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-artifacts-'));
  const server = createServer((request, response) => {
    response.end(request.url === '/api/runs/id' ? JSON.stringify(run) : `content of ${request.url}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  try {
    const lines: string[] = [];
    const write = (text: string): void => void lines.push(text);
    await showArtifacts(apiClient(url, 'token'), 'id', { download: folder }, write);
    expect(lines.filter((line) => !line.startsWith('  '))).toEqual([
      'build  2 files, 1.0 MB packed  until 1970-01-01',
      'old  1 files, 1.0 MB packed  expired 1970-01-01',
      'scan  sbom.cdx.json, 2.0 MB',
    ]);
    expect((await readdir(folder)).toSorted()).toEqual(['build-1.tar.gz', 'scan-2-sbom.cdx.json']);
    const sbom = await readFile(join(folder, 'scan-2-sbom.cdx.json'), 'utf8');
    expect(sbom).toBe('content of /api/attempts/t1/blobs/sbom.cdx.json');
    const only: string[] = [];
    await showArtifacts(apiClient(url, 'token'), 'id', { stage: 'none' }, (text) => void only.push(text));
    expect(only).toEqual(['run #7 has kept no artifacts']);
  } finally {
    server.close();
    await rm(folder, { recursive: true });
  }
});
