import { describe, expect, test } from 'vitest';
import { allowedHosts, isAllowedHost, isSameOrigin } from './same-origin.ts';

describe('the host that is asked for', () => {
  const allowed = allowedHosts('0.0.0.0', new URL('https://Sluice.example.com/'));

  test.each(['localhost:8080', '127.0.0.1', '[::1]:8080', 'sluice.example.com', 'SLUICE.example.com:443'])(
    '%s is ours',
    (host) => expect(isAllowedHost(host, allowed)).toBe(true),
  );

  test.each([
    'evil.example',
    'localhost.evil.example',
    '',
    undefined,
    'sluice.example.com@evil.example',
    '0.0.0.0',
  ])('%s is not ours: a rebound name reaches nothing', (host) =>
    expect(isAllowedHost(host, allowed)).toBe(false),
  );

  test('the address it listens on is ours', () => {
    expect(isAllowedHost('192.0.2.7:8080', allowedHosts('192.0.2.7', null))).toBe(true);
  });
});

describe('the page that asks', () => {
  test('our own page may change things', () => {
    expect(isSameOrigin({ origin: 'http://localhost:8080', host: 'localhost:8080' }, null)).toBe(true);
  });
  test('a page on another port, host or sandbox may not', () => {
    for (const origin of ['http://localhost:3000', 'https://evil.example', 'null']) {
      expect(isSameOrigin({ origin, host: 'localhost:8080' }, null)).toBe(false);
    }
  });
  test('behind a proxy the public address counts', () => {
    const publicUrl = new URL('https://sluice.example.com');
    const headers = { origin: 'https://sluice.example.com', host: '10.0.0.1:8080' };
    expect(isSameOrigin(headers, publicUrl)).toBe(true);
  });
  test('a request that does not say where it comes from may not', () => {
    expect(isSameOrigin({ host: 'localhost:8080' }, null)).toBe(false);
    expect(isSameOrigin({ host: 'localhost:8080', 'sec-fetch-site': 'same-origin' }, null)).toBe(true);
    expect(isSameOrigin({ host: 'localhost:8080', 'sec-fetch-site': 'cross-site' }, null)).toBe(false);
  });
});
