// Pipelines of any size, as text: what needs what, in several shapes.

/** `salt` makes names, and expressions with them, that no other round has: what is remembered of those helps none. */
type Write = (stages: number, salt: number) => string;

export const shapes = {
  /** Each needs the one before. */
  chain: (count) => pipeline(count, (index) => (index === 0 ? [] : [index - 1])),
  /** One, then all the others side by side, then one that needs them all. */
  'fan-out and fan-in': (count) =>
    pipeline(count, (index) => {
      if (index === 0) return [];
      return index === count - 1 ? Array.from({ length: count - 2 }, (_, at) => at + 1) : [0];
    }),
  /** Rows of ten, each stage needing three of the row before. */
  layers: (count) =>
    pipeline(count, (index) => {
      const row = Math.floor(index / 10) * 10 - 10;
      return row < 0 ? [] : [0, 1, 2].map((step) => row + ((index + step) % 10));
    }),
  /** A hundred combinations for each stage that is written, and the stage that stands for them. */
  matrices: (count) => {
    const written = Array.from({ length: Math.floor(count / 101) }, (_, index) => {
      const needs = index === 0 ? '' : ` needs: [m${index - 1}],`;
      const list = (length: number): string => Array.from({ length }, (_each, at) => at).join(', ');
      return `  m${index}: {${needs} matrix: { a: [${list(10)}], b: [${list(10)}] }, ${work('${{ matrix.a }}')} }\n`;
    });
    return file(written);
  },
  /** Every other one looks at the status of one far above, which only the needs of needs lead to. */
  'results from far above': (count, salt) =>
    file(
      Array.from({ length: count }, (_, index) => {
        const id = (at: number): string => `${'abcdefghij'[salt]}${(count / 1_000).toString(36)}${at}`;
        const needs = index === 0 ? '' : ` needs: [${id(index - 1)}],`;
        const far =
          index < 20 || index % 2 === 1 ? '' : ` if: "stages.${id(index - 20)}.status == 'succeeded'",`;
        return `  ${id(index)}: {${needs}${far} ${work(String(index))} }\n`;
      }),
    ),
} satisfies Record<string, Write>;

/** One stage with a matrix of this many combinations, at most 256. */
export function matrixOf(combinations: number): string {
  const values = Array.from({ length: combinations }, (_, index) => `v${index}`).join(', ');
  return file([
    `  all: { if: "!matrix.v.startsWith('x')", env: { V: '\${{ matrix.v }}' }, matrix: { v: [${values}] }, ${work('${{ matrix.v }}')} }\n`,
  ]);
}

/** As close below as whole stages allow. */
export function pipelineOfBytes(bytes: number): string {
  const command = 'echo a line of a command that is as long as commands are; '.repeat(8);
  const stages: string[] = [];
  let left = bytes - 100;
  for (let index = 0; ; index += 1) {
    const stage = `  s${index}:\n    needs: [${index === 0 ? '' : `s${index - 1}`}]\n    image: node:20\n    steps:\n      - ${command}\n`;
    left -= stage.length;
    if (left < 0) return file(stages);
    stages.push(stage);
  }
}

function pipeline(count: number, needs: (index: number) => readonly number[]): string {
  return file(
    Array.from({ length: count }, (_, index) => {
      const names = needs(index).map((each) => `s${each}`);
      return `  s${index}: { needs: [${names.join(', ')}], if: branch == 'main', ${work(String(index))} }\n`;
    }),
  );
}

const file = (stages: readonly string[]): string =>
  `on: push\nenv: { CI: 'true' }\nstages:\n${stages.join('')}`;

const work = (what: string): string => `steps: ['make ${what} \${{ commit.sha }}']`;
