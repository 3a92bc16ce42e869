import { expect, test } from 'vitest';
import { parseCoverage } from './parse-coverage.ts';

const cobertura = `<?xml version="1.0" ?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage lines-valid="5" lines-covered="3" line-rate="0.6">
  <packages><package name="main"><classes>
    <class name="cart.ts" filename="src/cart.ts" line-rate="0.5">
      <methods><method name="total"><lines><line number="1" hits="9"/></lines></method></methods>
      <lines>
        <line number="1" hits="9"/><line number="2" hits="0"/>
        <line number="3" hits="1" branch="true" condition-coverage="50% (1/2)"/>
      </lines>
    </class>
    <class name="Inner" filename="src/cart.ts"><lines><line number="2" hits="4"/></lines></class>
    <class name="bare.ts" filename="src/bare.ts"><lines><line number="7" hits="0"/></lines></class>
  </classes></package></packages>
</coverage>`;

test('lines of Cobertura are counted once a file, also when several classes hold them', () => {
  expect(parseCoverage(cobertura)).toEqual({
    ok: true,
    value: {
      lines: { covered: 3, total: 4 },
      branches: { covered: 1, total: 2 },
      files: [
        { path: 'src/bare.ts', lines: { covered: 0, total: 1 } },
        { path: 'src/cart.ts', lines: { covered: 3, total: 3 } },
      ],
    },
  });
});

test('LCOV is read, with and without branches', () => {
  const lcov = 'TN:\r\nSF:src/a.ts\r\nDA:1,2\r\nDA:2,0\r\nBRDA:1,0,0,-\r\nBRDA:1,0,1,3\r\nend_of_record\r\n';
  expect(parseCoverage(lcov)).toEqual({
    ok: true,
    value: {
      lines: { covered: 1, total: 2 },
      branches: { covered: 1, total: 2 },
      files: [{ path: 'src/a.ts', lines: { covered: 1, total: 2 } }],
    },
  });
  expect(parseCoverage('SF:a\nDA:1,1\n')).toMatchObject({ value: { branches: null } });
});

test('what is no coverage is refused with a reason', () => {
  expect(parseCoverage('100 %')).toMatchObject({ ok: false, error: expect.stringContaining('SF:') });
  expect(parseCoverage('<testsuites/>')).toMatchObject({
    ok: false,
    error: expect.stringContaining('<testsuites>'),
  });
});
