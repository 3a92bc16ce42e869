import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { createHello, readErrorRate } from './server.mjs';

const errorRateFile = new URL('error-rate.txt', import.meta.url);

async function listen(options) {
  const server = createHello(options);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, address: `http://127.0.0.1:${server.address().port}` };
}

describe('a healthy version', () => {
  let hello;
  before(async () => {
    hello = await listen({ version: 'v<1>', errorRate: 0 });
  });
  after(() => hello.server.close());

  test('greets with its version, escaped', async () => {
    const response = await fetch(`${hello.address}/`);
    assert.equal(response.status, 200);
    assert.match(await response.text(), /version <code>v&#60;1&#62;<\/code>/);
  });

  test('is healthy', async () => {
    assert.equal((await fetch(`${hello.address}/healthz`)).status, 200);
  });

  test('counts greetings and other answers by code, and neither health checks nor scrapes', async () => {
    await fetch(`${hello.address}/nowhere`);
    const text = await (await fetch(`${hello.address}/metrics`)).text();
    assert.match(text, /^http_requests_total\{code="200",version="v<1>"\} 1$/m);
    assert.match(text, /^http_requests_total\{code="404",version="v<1>"\} 1$/m);
    assert.match(text, /^http_requests_total\{code="500",version="v<1>"\} 0$/m);
    assert.match(text, /^http_request_duration_seconds_bucket\{le="\+Inf",version="v<1>"\} 2$/m);
    assert.match(text, /^http_request_duration_seconds_count\{version="v<1>"\} 2$/m);
  });
});

test('an error rate of 5 % fails exactly every twentieth greeting', async () => {
  const { server, address } = await listen({ version: 'v2', errorRate: 0.05 });
  const statuses = [];
  for (let greeting = 0; greeting < 100; greeting += 1) statuses.push((await fetch(address)).status);
  assert.deepEqual(
    statuses.flatMap((status, index) => (status === 500 ? [index + 1] : [])),
    [20, 40, 60, 80, 100],
  );
  server.close();
});

test('the error rate comes from the environment, else from the file in the image', () => {
  assert.equal(readErrorRate({ ERROR_RATE: '0.25' }, errorRateFile), 0.25);
  assert.equal(typeof readErrorRate({}, errorRateFile), 'number');
  assert.throws(() => readErrorRate({ ERROR_RATE: '5' }, errorRateFile), /from 0 to 1/);
});

test('after SIGTERM it goes on answering, and then ends by itself', async () => {
  const child = spawn(process.execPath, [new URL('server.mjs', import.meta.url).pathname], {
    env: { ...process.env, PORT: '0', VERSION: 'v3', GRACE_MS: '300' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.setEncoding('utf8');
  const [started] = await once(child.stdout, 'data');
  const address = `http://127.0.0.1:${/\d+/.exec(started)[0]}/`;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await once(child.stdout, 'data');
  const response = await fetch(address);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('connection'), 'close');
  assert.deepEqual(await ended, [0, null]);
});
