import { expect, test } from 'vitest';
import { checkChannels } from './check-channels.ts';
import { formatDiagnostic } from './format-diagnostic.ts';
import { nothingFound } from './join-files.ts';
import { parsePipeline } from './parse-pipeline.ts';

const channels = new Map([
  ['release', 'dingtalk'],
  ['ops', 'email'],
] as const);

const file = (notify: string, ofDeploy = '[dingtalk/release]'): string => `on: push
notify: ${notify}
env: { notify: nobody }
stages:
  notify: { steps: [make] }
  image: { build: {} }
  production:
    needs: [image]
    deploy:
      environment: production
      image: image
      container: { port: 8080 }
      notify: ${ofDeploy}
`;

const check = (text: string): readonly string[] =>
  checkChannels({ file: '.sluice.yml', text, found: nothingFound }, channels).map((each) =>
    formatDiagnostic(each),
  );

test('channels that are there are no mistake, and a stage or a variable may be called notify', () => {
  const text = file('email/ops', '[dingtalk/release, email/ops]');
  const { definition, diagnostics } = parsePipeline(text, '.sluice.yml');
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(definition?.notify).toEqual(['email/ops']);
  expect(definition?.stages.find(({ id }) => id === 'production')?.work).toMatchObject({
    notify: ['dingtalk/release', 'email/ops'],
  });
  expect(check(text)).toEqual([]);
});

test('a channel that is not there is an error at its place, with what is meant or what to do', () => {
  const [first, second, third] = check(file('[dingtalk/relase, slack/all]', 'feishu/release'));
  expect(first).toContain('.sluice.yml:2:10');
  expect(first).toContain('Did you mean "dingtalk/release"?');
  expect(second).toContain('"slack/all", which this installation does not have.');
  expect(second).toContain('Settings → Notifications');
  expect(third).toContain('.sluice.yml:13:15');
  expect(third).toContain('"release" is a channel of dingtalk. Write dingtalk/release.');
});

test('what is included and what a template brings is looked at too', () => {
  const stage = (name: string) => `stages: { one: { deploy: { notify: [slack/${name}] } } }`;
  const found = {
    lists: new Map(),
    includes: new Map([
      ['more.yml', { kind: 'found', files: [{ file: 'more.yml', text: stage('included') }] } as const],
    ]),
    templates: new Map([
      [
        'org/deploy.yml@v1',
        {
          kind: 'found',
          text: stage('brought'),
          repository: 'org/deploy',
          path: 'deploy.yml',
          commit: null,
          version: 'tag',
        } as const,
      ],
    ]),
  };
  const told = checkChannels({ file: '.sluice.yml', text: 'on: push', found }, channels);
  expect(told.map((each) => each.file)).toEqual(['more.yml', 'org/deploy.yml@v1']);
});

test('what is no name of a channel is a mistake on any machine', () => {
  const messages = (notify: string) =>
    parsePipeline(file(notify), '.sluice.yml').diagnostics.map(({ message }) => message);
  expect(messages('release')).toEqual([
    "notify must be a channel's kind and its name, such as dingtalk/release.",
  ]);
  expect(messages('[teams/release]')).toEqual([
    'notify[0]: "teams" is no kind of channel. Write dingtalk, feishu, wecom, slack, email, webhook, a slash and the channel\'s name.',
  ]);
  expect(messages("'dingtalk/${{ branch }}'")[0]).toContain('may not hold an expression');
});
