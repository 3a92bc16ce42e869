import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { compileExpression, maxExpressionLength } from './compile-expression.ts';
import { noEnv } from './env-lookup.ts';
import { describeValues, evaluateCondition } from './evaluate-condition.ts';
import { renderKnownParts, renderTemplate } from './render-template.ts';
import type { Scope, StageResult } from './scope.ts';
import { reduceStepCondition } from './step-condition.ts';
import { stepRuns } from './step-situation.ts';

const planning: Scope = {
  trigger: {
    event: 'push',
    repository: 'acme/shop',
    actor: 'ada',
    branch: 'main',
    changedFiles: null,
    commit: { sha: '0123456789abcdef', message: 'mend', author: 'ada' },
  },
  inputs: { level: 'debug', rounds: 3 },
  env: noEnv,
  run: null,
  stage: null,
};
const build: StageResult = { status: 'succeeded', outputs: { version: '1.2' } };
const running: Scope = {
  ...planning,
  run: { id: 'r1', number: 12 },
  stage: (id) => (id === 'build' ? build : null),
};
const fine = { success: true, failure: false, cancelled: false };

function evaluate(text: string, scope: Scope = running): unknown {
  const compiled = compileExpression(text);
  if (!compiled.ok) throw new Error(compiled.error[0]?.message);
  const value = evaluateCondition(compiled.value, scope, fine);
  return value.ok ? value.value : value.error;
}

describe('conditions', () => {
  test.each([
    [`branch == 'main' && event == 'push'`, true],
    [`branch in ['main', 'dev']`, true],
    [`commit.short == '0123456'`, true],
    [`branch.matches('^(main|release/.*)$')`, true],
    [`branch.startsWith('rel') || tag != ''`, false],
    [`inputs.rounds + 1 == 4 && inputs.level.upperAscii() == 'DEBUG'`, true],
    [`run.number % 5 == 2`, true],
    [`stages['build'].outputs['version'] == '1.2'`, true],
    [`['a', 'b'].exists(x, x == 'b')`, true],
    [`pull_request.number == 0`, true],
  ])('%s is %s', (text, expected) => {
    expect(evaluate(text)).toBe(expected);
  });

  test('an output that was not given is named in the words of the file', () => {
    expect(evaluate(`stages.build.outputs.digest == 'x'`)).toBe(
      `the condition stages.build.outputs.digest == 'x' has no value: stage "build" (succeeded) gave no output "digest"`,
    );
  });

  test('a condition that asks no status function also asks success()', () => {
    const compiled = compileExpression(`branch == 'main'`);
    const failed = { success: false, failure: true, cancelled: false };
    expect(compiled.ok && evaluateCondition(compiled.value, running, failed)).toEqual({
      ok: true,
      value: false,
    });
  });

  test('what is known is told with its value', () => {
    expect(describeValues(`branch == 'x' && stages.build.status == 'failed' && branch != ''`, planning)).toBe(
      'branch is "main"',
    );
  });

  test('a nested loop, a type of a message and an unknown function do not compile', () => {
    for (const text of [
      '[1].all(x, [1].all(y, true))',
      'A{b: 1} == null',
      `branch.replace('a', 'b') == ''`,
    ]) {
      expect(compileExpression(text).ok).toBe(false);
    }
  });

  test('a regular expression that would take others for ever takes no time', () => {
    expect(evaluate(`'${'a'.repeat(300)}!'.matches('^(a+)+$')`)).toBe(false);
  });

  property.prop([fc.string({ maxLength: maxExpressionLength + 10 })])(
    'no text makes compiling throw',
    (text) => {
      const compiled = compileExpression(text);
      if (!compiled.ok) expect(compiled.error.length).toBeGreaterThan(0);
    },
  );
});

describe('templates', () => {
  test('text around expressions is kept, and }} in quotes does not close', () => {
    expect(renderTemplate(`a \${{ branch }}-\${{ '}}' }} \${{ run.number }} b`, running)).toEqual({
      ok: true,
      value: 'a main-}} 12 b',
    });
  });

  test('while planning, what needs stages or the run is left as it is written', () => {
    const template = '${{ branch }} ${{ stages.build.outputs.version }} ${{ run.id }}';
    const partly = renderKnownParts(template, planning);
    expect(partly).toEqual({ ok: true, value: 'main ${{ stages.build.outputs.version }} ${{ run.id }}' });
  });

  test('text from outside that looks like an expression never becomes one', () => {
    const message = 'x ${{ stages.build.outputs.version }} ${{';
    const scope = (of: Scope): Scope => ({
      ...of,
      trigger: { ...of.trigger, commit: { ...of.trigger.commit, message } },
    });
    const partly = renderKnownParts('${{ commit.message }}', scope(planning));
    expect(partly.ok && renderTemplate(partly.value, scope(running))).toEqual({ ok: true, value: message });
  });

  const piece = fc.oneof(
    fc.string({ maxLength: 8 }).filter((text) => !text.includes('${')),
    fc.constantFrom(
      '${{ branch }}',
      '${{ run.number }}',
      '${{ stages.build.outputs.version }}',
      '${{ commit.message }}',
      `\${{ '\${{' }}`,
    ),
  );

  property.prop([fc.array(piece), fc.string()])(
    'rendering in two steps gives the same as in one',
    (pieces, message) => {
      const template = pieces.join('');
      const scope = (of: Scope): Scope => ({
        ...of,
        trigger: { ...of.trigger, commit: { ...of.trigger.commit, message } },
      });
      const partly = renderKnownParts(template, scope(planning));
      expect(partly.ok && renderTemplate(partly.value, scope(running))).toEqual(
        renderTemplate(template, scope(running)),
      );
      expect(partly.ok && renderKnownParts(partly.value, scope(planning))).toEqual(partly);
    },
  );
});

describe("a step's condition", () => {
  test.each([
    [`success()`, 'success()'],
    [`always()`, 'always()'],
    [`branch == 'main'`, 'success()'],
    [`branch == 'dev'`, 'false'],
    [`failure() && branch == 'main'`, 'failure()'],
    [`failure() || stages.build.outputs.version == '1.2'`, 'always()'],
    [`!cancelled()`, '!cancelled()'],
    [`success() || cancelled()`, '!failure()'],
  ])('%s is reduced to %s', (text, reduced) => {
    const compiled = compileExpression(text);
    expect(compiled.ok && reduceStepCondition(compiled.value, running)).toEqual({ ok: true, value: reduced });
  });

  test('a worker decides what is left by how the steps before went', () => {
    expect(stepRuns(null, 'success')).toBe(true);
    expect(stepRuns(null, 'failure')).toBe(false);
    expect(stepRuns('failure()', 'failure')).toBe(true);
    expect(stepRuns('always()', 'cancelled')).toBe(true);
    expect(stepRuns('false', 'success')).toBe(false);
  });
});
