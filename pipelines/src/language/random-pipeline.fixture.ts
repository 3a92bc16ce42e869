// For tests: whole pipelines of every kind of stage, most of them right.
import { stringify } from 'yaml';
import type { Choices } from '../random.fixture.ts';

type Keys = Record<string, unknown>;

/** The text of a pipeline file; the same choices give the same text. */
export const randomPipeline = (choices: Choices): string => written(choices, randomKeys(choices));

/** Templates that they use, as `remoteTemplates` takes them. */
export const randomTemplates = {
  'org/templates/node.yml@v1': `inputs: { level: { type: choice, options: [debug, info], default: info }, note: { type: string }, rounds: { type: number, default: 1 } }
secrets: [npm-token]
env: { NOTE: '\${{ inputs.note }}', BRANCH: '\${{ branch }}' }
stages:
  pack: { image: 'node:20', env: { TOKEN: { secret: npm-token } }, outputs: { v: { file: V } }, steps: ['make \${{ inputs.level }}'] }
  each: { needs: [pack], matrix: { n: [1, 2] }, if: inputs.rounds > 0 || always(), image: 'node:20', steps: ['run \${{ matrix.n }} \${{ stages.pack.outputs.v }}'] }
  inner: { needs: [each], if: "event == 'push'", use: ./inner.yml, with: { of: '\${{ inputs.note }}' } }
outputs: { v: '\${{ stages.pack.outputs.v }}' }
`,
  [`org/templates/inner.yml@${'c'.repeat(40)}`]: `inputs: { of: { type: string } }
stages: { last: { if: always(), image: 'node:20', env: { OF: '\${{ inputs.of }}' }, steps: [x] } }
`,
};

/** The pipeline files of a repository with the files that they include, by their paths. */
export function randomRepository(choices: Choices): Readonly<Record<string, string>> {
  const { stages, ...pipeline } = randomKeys(choices);
  const [here, there] = split(choices, stages);
  const files: Record<string, string> = {};
  if (Object.keys(there).length === 0) files['.sluice.yml'] = written(choices, { ...pipeline, stages });
  else {
    const include = choices.oneOf<unknown>(['./ci/more.yml', ['ci/*.yml']]);
    files['.sluice.yml'] = written(choices, {
      ...pipeline,
      include,
      ...(Object.keys(here).length > 0 && { stages: here }),
    });
    files['ci/more.yml'] = written(choices, { stages: there });
  }
  if (choices.chance(0.2))
    files['.sluice/second.yml'] = written(choices, { ...randomKeys(choices), name: 'second' });
  return files;
}

function split(choices: Choices, stages: Keys): readonly [here: Keys, there: Keys] {
  if (choices.chance(0.6)) return [stages, {}];
  const moved = new Set(choices.someOf(Object.keys(stages), 0.5));
  const entries = Object.entries(stages);
  return [
    Object.fromEntries(entries.filter(([id]) => !moved.has(id))),
    Object.fromEntries(entries.filter(([id]) => moved.has(id))),
  ];
}

const written = (choices: Choices, pipeline: Keys): string =>
  choices.chance(0.5) ? stringify(pipeline) : JSON.stringify(pipeline, null, choices.below(3));

function randomKeys(choices: Choices): Keys & { readonly stages: Keys } {
  const inputs = choices.chance(0.5);
  return {
    name: choices.oneOf(['shop', 'release', 'ünï-cödé']),
    on: randomTriggers(choices, inputs),
    ...(choices.chance(0.4) && {
      env: { CI: 'true', WHERE: '${{ branch }}', TITLE: '${{ commit.message }}' },
    }),
    ...(choices.chance(0.2) && { priority: choices.oneOf(['low', 'high']) }),
    ...(choices.chance(0.3) && {
      concurrency: choices.oneOf<unknown>(['${{ branch }}', { group: 'all', when_busy: 'cancel_older' }]),
    }),
    ...(choices.chance(0.3) && {
      defaults: { timeout: '5m', image: 'node:20', resources: { cpu: 1, memory: '256Mi' } },
    }),
    stages: randomStages(choices, inputs),
  };
}

function randomTriggers(choices: Choices, inputs: boolean): unknown {
  if (!inputs && choices.chance(0.2))
    return choices.oneOf<unknown>(['push', ['push', 'pull_request', 'tag']]);
  const branches = choices.someOf(['main', 'release/*', 'feature/**', 'dév'], 0.5);
  const push = {
    ...(branches.length > 0 && { branches }),
    ...(choices.chance(0.3) && { paths: ['src/**', 'Dockerfile'] }),
    ...(choices.chance(0.3) && { ignore: ['**/*.md'] }),
  };
  return {
    ...(choices.chance(0.9) && { push }),
    ...(choices.chance(0.8) && { pull_request: choices.oneOf<unknown>([{}, { branches: ['main'] }]) }),
    ...(choices.chance(0.6) && { tag: choices.oneOf<unknown>(['v*', ['v*', 'release-*'], null]) }),
    ...(choices.chance(0.5) && {
      schedule: [{ cron: '0 3 * * 1-5', timezone: 'Asia/Shanghai' }, { cron: '@daily' }],
    }),
    manual: inputs
      ? {
          inputs: {
            level: { type: 'choice', options: ['debug', 'info'], default: 'info' },
            rounds: { type: 'number', ...(choices.chance(0.7) && { default: 3 }) },
            dry: { type: 'boolean', default: false },
            note: { type: 'string', default: '' },
          },
        }
      : {},
  };
}

interface Made {
  readonly id: string;
  readonly kind: 'steps' | 'matrix' | 'use' | 'build' | 'scan' | 'push' | 'deploy' | 'approve';
  readonly hasOutput: boolean;
}

function randomStages(choices: Choices, inputs: boolean): Keys {
  const made: Made[] = [];
  const stages: [string, Keys][] = [];
  const count = 1 + choices.below(10);
  for (let index = 0; index < count; index += 1) {
    const id = `${choices.oneOf(['test', 'build', 'lint', 'ship', 'Pack_it'])}-${index}`;
    const { stage, kind, hasOutput } = randomStage(choices, made, inputs);
    stages.push([id, stage]);
    made.push({ id, kind, hasOutput });
  }
  return Object.fromEntries(choices.chance(0.2) ? stages.toReversed() : stages);
}

function randomStage(
  choices: Choices,
  before: readonly Made[],
  inputs: boolean,
): Omit<Made, 'id'> & { readonly stage: Keys } {
  const needs = choices.someOf(before.slice(-6), 0.35);
  const common: Keys = {
    ...(needs.length > 0 && {
      needs: needs.map(({ id }) => (choices.chance(0.1) ? { stage: id, optional: true } : id)),
    }),
    ...(choices.chance(0.4) && { if: randomCondition(choices, needs, inputs) }),
    ...(choices.chance(0.2) && { timeout: choices.oneOf(['30s', '10m', '1h30m']) }),
    ...(choices.chance(0.2) && {
      retry: { attempts: 1 + choices.below(3), delay: '1s', on: ['failed', 'exit:75'] },
    }),
    ...(choices.chance(0.1) && { allow_failure: choices.oneOf<unknown>([true, [3, 4]]) }),
  };
  if (choices.chance(0.1)) return useStage(choices, common, needs, inputs);
  const images = needs.filter(({ kind }) => kind === 'build');
  const pushed = needs.filter(({ kind }) => kind === 'push');
  const [image] = images;
  const [push] = pushed;
  const roll = choices.below(10);
  if (roll === 0) {
    return {
      kind: 'build',
      hasOutput: false,
      stage: { ...common, build: { file: 'Dockerfile', args: { REV: '${{ commit.sha }}' } } },
    };
  }
  if (roll === 1) {
    const approve = choices.oneOf<unknown>([{}, { by: ['release-managers'], count: 2, within: '4h' }]);
    return { kind: 'approve', hasOutput: false, stage: { ...common, approve } };
  }
  if (image !== undefined && roll < 5) {
    if (choices.chance(0.4))
      return {
        kind: 'scan',
        hasOutput: false,
        stage: { ...common, scan: { of: image.id, fail_on: 'high' } },
      };
    const to = { of: image.id, to: 'registry.example.com/shop', tags: ['${{ commit.short }}', 'latest'] };
    return { kind: 'push', hasOutput: false, stage: { ...common, push: to } };
  }
  const source = push ?? image;
  if (source !== undefined && roll < 8) {
    const deploy = {
      environment: choices.oneOf(['staging', 'production']),
      image: source.id,
      container: { port: 8080, env: { REV: '${{ commit.short }}' } },
      strategy: choices.oneOf(['rolling', 'canary']),
    };
    return { kind: 'deploy', hasOutput: false, stage: { ...common, deploy } };
  }
  return stepsStage(choices, common, needs, inputs);
}

function useStage(
  choices: Choices,
  common: Keys,
  needs: readonly Made[],
  inputs: boolean,
): Omit<Made, 'id'> & { readonly stage: Keys } {
  const given = needs.find(({ hasOutput }) => hasOutput);
  const notes: [string, ...string[]] = [
    'plain',
    '${{ commit.message }} ${{ event }}',
    ...(given === undefined ? [] : [`\${{ stages['${given.id}'].outputs.v }}`]),
  ];
  const isMany = choices.chance(0.3);
  const stage: Keys = {
    ...('needs' in common && { needs: common['needs'] }),
    ...('if' in common && { if: common['if'] }),
    ...(isMany && { matrix: { note: ['a', 'b c'], of: inputs ? '["${{ inputs.level }}", "x"]' : ['x'] } }),
    use: 'org/templates/node.yml@v1',
    with: {
      note: isMany ? '${{ matrix.note }} ${{ matrix.of }}' : choices.oneOf(notes),
      ...(inputs && choices.chance(0.5) && { level: '${{ inputs.level }}', rounds: '${{ inputs.rounds }}' }),
    },
    secrets: choices.oneOf<unknown>([['npm-token'], { 'npm-token': 'our-token' }]),
  };
  return { kind: 'use', hasOutput: true, stage };
}

function stepsStage(
  choices: Choices,
  common: Keys,
  needs: readonly Made[],
  inputs: boolean,
): Omit<Made, 'id'> & { readonly stage: Keys } {
  const hasMatrix = choices.chance(0.3);
  const hasOutput = choices.chance(0.4);
  const stage: Keys = {
    ...common,
    ...(hasMatrix && { matrix: randomMatrix(choices, needs) }),
    ...(choices.chance(0.7) && {
      image: choices.oneOf(['node:20', 'busybox:1', 'alpine:${{ commit.short }}']),
    }),
    ...(choices.chance(0.5) && {
      env: {
        TOKEN: { secret: 'npm-token' },
        MESSAGE: '${{ commit.message }}',
        WHO: '${{ commit.author }} ${{ branch }}${{ tag }}',
        ...(hasMatrix && { NODE: '${{ matrix.node }}' }),
        ...(inputs && { LEVEL: '${{ inputs.level }}' }),
      },
    }),
    ...(choices.chance(0.2) && { pool: 'gpu' }),
    ...(choices.chance(0.2) && { concurrency: 'group-${{ event }}' }),
    ...(choices.chance(0.2) && {
      cache: [{ key: "npm-${{ hash('package-lock.json') }}", paths: ['~/.npm'] }],
    }),
    ...(choices.chance(0.2) && { artifacts: { paths: ['dist/**'], keep: '14d' } }),
    ...(hasOutput && { outputs: { v: { file: 'V' } } }),
    steps: [
      'make',
      ...(choices.chance(0.5) ? ['echo ${{ commit.sha }} ${{ run.number }} ${{ repository }}'] : []),
      ...(choices.chance(0.4)
        ? [{ name: 'report', if: choices.oneOf(['always()', 'failure()']), run: './report.sh' }]
        : []),
      ...needs.filter((need) => need.hasOutput).map(({ id }) => `echo \${{ stages['${id}'].outputs.v }}`),
    ],
  };
  return { kind: hasMatrix ? 'matrix' : 'steps', hasOutput, stage };
}

function randomMatrix(choices: Choices, needs: readonly Made[]): Keys {
  const source = needs.find(({ kind, hasOutput }) => kind === 'steps' && hasOutput);
  if (source !== undefined && choices.chance(0.5))
    return { node: `\${{ stages['${source.id}'].outputs.v }}` };
  return {
    node: choices.oneOf<unknown>([
      [20, 22],
      ['a', 'b', 'ç d'],
      [true, false],
      [1, 2, 3, 4, 5],
    ]),
    ...(choices.chance(0.4) && { os: ['linux', 'mac'] }),
    ...(choices.chance(0.3) && { include: [{ node: 99, flag: '--x' }] }),
  };
}

function randomCondition(choices: Choices, needs: readonly Made[], inputs: boolean): string {
  const [need] = needs;
  const simple = (): string =>
    choices.oneOf([
      "branch == 'main'",
      "event != 'pull_request'",
      "tag.startsWith('v')",
      "commit.message.contains('fix')",
      "branch.matches('^(main|release/.*)$')",
      "pull_request.target_branch == 'main'",
      'size(commit.message) > 10',
      ...(inputs ? ["inputs.level == 'debug'", 'inputs.rounds > 2 && !inputs.dry'] : []),
      ...(need === undefined ? [] : [`stages['${need.id}'].status == 'succeeded'`]),
      'always()',
      'failure()',
      'success()',
      '!cancelled()',
    ]);
  if (choices.chance(0.6)) return simple();
  return `${simple()} ${choices.oneOf(['&&', '||'])} (${simple()})`;
}
