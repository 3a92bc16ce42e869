// The tiny service that the integration tests deploy: it answers with its version.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';

export interface TestImages extends AsyncDisposable {
  readonly good: string;
  /** Ends at once with exit code 3. */
  readonly broken: string;
}

const server = `
const version = process.env.SLUICE_VERSION ?? 'unknown';
const counts = { 200: 0, 500: 0 };
let isEnding = false;
const server = require('node:http').createServer((request, response) => {
  if (isEnding) response.setHeader('connection', 'close');
  if (request.url === '/metrics') {
    const line = (code) => 'http_requests_total{version="' + version + '",code="' + code + '"} ' + counts[code] + '\\n';
    return response.end(line(200) + line(500));
  }
  if (request.url === '/healthz') return response.end('ok');
  const code = request.url === '/fail' ? 500 : 200;
  counts[code] += 1;
  response.statusCode = code;
  setTimeout(() => response.end(version), 2);
}).listen(Number(process.env.PORT ?? 8080));
process.on('SIGTERM', () => {
  isEnding = true;
  setTimeout(() => server.close(() => process.exit(0)), Number(process.env.LINGER_MS ?? 0));
});
`;

const broken = `console.error('cannot reach the database'); process.exit(3);`;

/** Built from scratch on an engine that has the base image `lab/node:20`. */
export async function buildTestImages(docker: Docker): Promise<TestImages> {
  const name = `sluice-test/${randomUUID()}`;
  const images = [await build(docker, `${name}:good`, server), await build(docker, `${name}:broken`, broken)];
  const [good = '', bad = ''] = images;
  return {
    good,
    broken: bad,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(images.map((image) => docker.getImage(image).remove({ force: true })));
    },
  };
}

async function build(docker: Docker, tag: string, script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-image-'));
  try {
    await writeFile(join(folder, 'server.js'), script);
    await writeFile(
      join(folder, 'Dockerfile'),
      'FROM lab/node:20\nCOPY server.js /server.js\nCMD ["node", "/server.js"]\n',
    );
    const context = { context: folder, src: ['Dockerfile', 'server.js'] };
    const progress = await docker.buildImage(context, { t: tag });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(progress, (error) => (error === null ? resolve() : reject(error)));
    });
    return tag;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
