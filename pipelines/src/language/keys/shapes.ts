// The values that many keys have in common.
import { channelKinds } from '../../notify/notify-event.ts';
import type { KeyTable, MapRules, MapShape, Shape, TextShape } from './key.ts';

export const nothing: Shape = { kind: 'nothing' };
export const boolean: Shape = { kind: 'boolean' };

export const text = (called: string, pattern = '\\S', examples: readonly string[] = []): TextShape => ({
  kind: 'text',
  called,
  pattern,
  examples,
});

/** Text without expressions. */
export const plainText = (called: string, examples: readonly string[] = []): TextShape =>
  text(called, '^(?![\\s\\S]*\\$\\{\\{)[\\s\\S]*\\S', examples);

export const whole = (least: number, most: number): Shape => ({ kind: 'number', least, most, whole: true });
export const number = (least: number, most: number): Shape => ({ kind: 'number', least, most, whole: false });
export const choice = (choices: readonly string[]): Shape => ({ kind: 'choice', choices });
export const list = (of: Shape, least = 0): Shape => ({ kind: 'list', of, least });
export const oneOf = (...shapes: readonly Shape[]): Shape => ({ kind: 'one-of', shapes });
/** A list; a single value stands for a list of one. */
export const oneOrList = (of: Shape): Shape => oneOf(of, list(of));

export const map = (called: string, keys: KeyTable, rules: MapRules = {}): MapShape => ({
  kind: 'map',
  called,
  keys,
  others: null,
  rules,
});

/** A map of names that the author chooses. */
export const record = (called: string, pattern: string, shape: Shape): MapShape => ({
  kind: 'map',
  called,
  keys: {},
  others: { shape, pattern },
  rules: {},
});

export const variableNames = '^[A-Za-z_][A-Za-z0-9_]{0,199}$';
export const wordNames = '^[A-Za-z][A-Za-z0-9_-]{0,62}$';

export const duration = text('a duration such as 5m or 1h30m', '^\\s*(\\d+(\\.\\d+)?(ms|s|m|h|d))+\\s*$', [
  '30s',
  '5m',
  '2h',
  '14d',
]);
/** One that may be nothing at all. */
export const durationOrZero = oneOf(duration, whole(0, 0));

export const size = text(
  'a size such as 512Mi or 2Gi',
  '^\\s*\\d{1,9}(\\.\\d{1,3})?(Ki|Mi|Gi|Ti|K|M|G|T)\\s*$',
  ['512Mi', '2Gi'],
);

const percentage = '^\\d{1,3}(\\.\\d{1,6})?\\s*%$';
/** Above one bound and below the other. */
export const share = (example: string): Shape =>
  oneOf(text(`a share such as ${example}`, percentage, [example]), number(0, 1));
export const wholePercent = (least: number, most: number): Shape =>
  oneOf(whole(least, most), text('a percentage such as 10%', '^\\d{1,3}\\s*%$', ['10%']));

export const stageName = plainText('the id of a stage');
/** Text with `${{ … }}`. */
export const template = text('text');
export const condition = oneOf(text('a condition', '^(?!\\s*\\$\\{\\{)[\\s\\S]*\\S'), boolean);
export const command = text('a command');
export const imageName = text('an image', '^(?!-)[\\s\\S]*\\S', ['node:20', 'postgres:16']);
export const repositoryPath = text(
  'a path in the repository',
  '^(?![/~\\\\-])(?![\\s\\S]*\\$\\{\\{)[^\\\\]+$',
  ['deploy/app'],
);
export const glob = text('a pattern of files', '^(?![/~\\\\!-])(?![\\s\\S]*\\$\\{\\{)[^\\\\]+$', ['dist/**']);

export const includedFiles = text(
  'a path or pattern of files',
  '^(?![/~\\\\-])(?![\\s\\S]*\\$\\{\\{)[^\\\\]*\\S[^\\\\]*$',
  ['./stages/*.yml'],
);

/** Its kind and its name, as the operator has made it. */
export const channels = oneOrList(
  text('a channel', `^(${channelKinds.join('|')})/[a-z0-9][a-z0-9-]{0,48}$`, [
    'dingtalk/release',
    'email/ops',
  ]),
);

export const secretNames = '^[A-Za-z_][A-Za-z0-9_.-]{0,99}$';
export const secretName = text('the name of a secret', secretNames, ['npm-token']);

export const secretKeys: KeyTable = {
  secret: {
    shape: secretName,
    says: 'The name of a secret of the project. Its value is in the environment of the steps, masked in logs, and nowhere else.',
    required: true,
  },
};
export const env = oneOf(
  record('variables', variableNames, oneOf(text('text', ''), map('a secret', secretKeys))),
  nothing,
);
