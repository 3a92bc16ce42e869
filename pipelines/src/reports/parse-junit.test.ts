import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { parseJunit } from './parse-junit.ts';
import { reportLimits, testReport } from './test-report.ts';

const vitest = `<?xml version="1.0" encoding="UTF-8" ?>
<testsuites name="vitest tests" tests="3" failures="1" errors="0" time="1.042">
    <testsuite name="src/cart.test.ts" timestamp="2026-01-01T00:00:00Z" tests="3" failures="1" skipped="1">
        <testcase classname="src/cart.test.ts" name="a total &gt; 0" time="0.0012"></testcase>
        <testcase classname="src/cart.test.ts" name="a discount" time="1,041.5">
            <failure message="expected 1 to be 2" type="AssertionError">
AssertionError: expected 1 to be 2
 ❯ src/cart.test.ts:3:5
            </failure>
        </testcase>
        <testcase classname="src/cart.test.ts" name="later" time="0"><skipped/></testcase>
    </testsuite>
</testsuites>`;

test('tests are read with their results, times and reasons', () => {
  const read = parseJunit(vitest);
  expect(read).toEqual({
    ok: true,
    value: [
      { suite: 'src/cart.test.ts', name: 'a total > 0', result: 'passed', ms: 1.2, message: null },
      {
        suite: 'src/cart.test.ts',
        name: 'a discount',
        result: 'failed',
        ms: 1_041_500,
        message: 'AssertionError: expected 1 to be 2\n ❯ src/cart.test.ts:3:5',
      },
      { suite: 'src/cart.test.ts', name: 'later', result: 'skipped', ms: 0, message: null },
    ],
  });
});

test('a single suite, nested suites, errors and messages without a text are read as other tools write them', () => {
  const read = parseJunit(`<testsuite name="outer">
    <testsuite name="inner"><testcase name="one"><error message="no such host"/></testcase></testsuite>
    <testcase name="two" time="none"><skipped message="on Windows only"/></testcase>
  </testsuite>`);
  expect(read).toMatchObject({
    value: [
      { suite: 'outer', name: 'two', result: 'skipped', ms: 0, message: 'on Windows only' },
      { suite: 'inner', name: 'one', result: 'failed', message: 'no such host' },
    ],
  });
});

describe('a file that is refused', () => {
  test.each([
    ['no XML', 'all tests passed', /not XML|no element/],
    ['broken XML', '<testsuite><testcase></testsuite>', /not XML/],
    ['another format', '<coverage/>', /begins with <coverage>/],
    ['empty', '', /not XML|no element/],
    ['entities', '<!DOCTYPE a [<!ENTITY b "bb">]><testsuite name="&b;"/>', /entities of its own/],
    [
      'endless nesting',
      `${'<testsuite>'.repeat(200)}${'</testsuite>'.repeat(200)}`,
      /deeper than 50|not XML/,
    ],
  ])('%s: the reason is said', (_name, text, reason) => {
    const read = parseJunit(text);
    expect(read.ok ? '' : read.error).toMatch(reason);
  });
});

test('names that objects have of themselves do no harm', () => {
  expect(parseJunit('<testsuite><testcase name="__proto__"/></testsuite>')).toMatchObject({
    value: [{ name: '__proto__' }],
  });
  for (const name of ['constructor', 'prototype', '__proto__', 'toString']) {
    parseJunit(`<testsuite><testcase ${name}="x"/><${name}><polluted/></${name}></testsuite>`);
    expect(Object.keys(Object.prototype)).toEqual([]);
  }
});

test('an endless name or message is cut', () => {
  const read = parseJunit(
    `<testsuite><testcase name="${'n'.repeat(9_999)}"><failure>${'m'.repeat(99_999)}</failure></testcase></testsuite>`,
  );
  const [only] = read.ok ? read.value : [];
  expect(only?.name.length).toBe(reportLimits.nameCharacters);
  expect(only?.message?.length).toBe(reportLimits.messageCharacters);
});

const fragment = fc.constantFrom(
  '<testsuite>',
  '<testcase name="a">',
  '</testcase>',
  '<failure',
  '/>',
  '&',
  ']]>',
  '"',
);

test.prop([fc.array(fc.oneof(fragment, fc.string()))])(
  'whatever the bytes are, the answer is a sound report or a reason',
  (parts) => {
    const read = parseJunit(parts.join(''));
    if (read.ok) expect(testReport.safeParse({ cases: read.value, left: 0 }).success).toBe(true);
    else expect(read.error).not.toBe('');
  },
);
