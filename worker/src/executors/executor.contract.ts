// What every executor must do. Each implementation calls `executorContract` from its own test file and says, for
// what it cannot do, why.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  Executor,
  ExecutorSession,
  ServiceSpec,
  StepCommand,
  ShellProcess,
  StepEnd,
  WorkspaceSpec,
} from './executor.ts';

export interface ExecutorUnderTest {
  readonly executor: Executor;
  readonly image: string | null;
  /** Where a step sees the workspace; null: at its path on the host. */
  readonly workspaceInStep: string | null;
  /** What is left of everything with these labels: containers, processes. */
  readonly countLeft: (labels: Readonly<Record<string, string>>) => Promise<number>;
}

export type Behaviour =
  | 'process tree'
  | 'out of memory'
  | 'image pull'
  | 'no network'
  | 'any bytes'
  | 'shell'
  | 'background process'
  | 'background process ends'
  | 'services'
  | 'service failures'
  | 'user'
  | 'user names'
  | 'read-only root'
  | 'process limit'
  | 'few rights'
  | 'terminal';

export function executorContract(
  name: string,
  underTest: () => ExecutorUnderTest,
  skips: Partial<Record<Behaviour, string>>,
): void {
  const testIf = (behaviour: Behaviour, sentence: string, body: () => Promise<void>): void => {
    const reason = skips[behaviour];
    if (reason === undefined) test(sentence, body);
    else test.skip(`${sentence} (skipped: ${reason})`, body);
  };

  describe(`${name} keeps the contract of executors`, () => {
    let root: string;
    let spec: WorkspaceSpec;
    let session: ExecutorSession | null;

    beforeEach(async () => {
      root = await mkdtemp(join(tmpdir(), 'sluice-executor-'));
      const [workspace, scratch] = [join(root, 'workspace'), join(root, 'scratch')];
      await mkdir(workspace);
      await mkdir(scratch);
      spec = aSpec(underTest(), workspace, scratch);
      session = null;
    });
    afterEach(async () => {
      await session?.dispose();
      expect(await underTest().countLeft(spec.labels)).toBe(0);
      await rm(root, { recursive: true, force: true });
    });

    const open = async (change: Partial<WorkspaceSpec> = {}): Promise<ExecutorSession> => {
      const opened = await underTest().executor.openWorkspace({ ...spec, ...change }, never);
      if (opened.kind === 'failed') throw new Error(opened.message);
      session = opened.session;
      return session;
    };

    test('a step passes on its output and its exit code', async () => {
      const { end, stdout, stderr } = await run(await open(), 'echo one\necho two >&2\necho three\nexit 7');
      expect(end).toEqual({ kind: 'exited', exitCode: 7, outOfMemory: false, outOfProcesses: false });
      expect([stdout, stderr]).toEqual(['one\nthree\n', 'two\n']);
    });

    test('output without a line end arrives', async () => {
      expect((await run(await open(), 'printf abc')).stdout).toBe('abc');
    });

    testIf('shell', 'the first command that fails ends the step', async () => {
      const { end, stdout } = await run(await open(), 'false\necho never');
      expect([end, stdout]).toEqual([
        { kind: 'exited', exitCode: 1, outOfMemory: false, outOfProcesses: false },
        '',
      ]);
    });

    testIf(
      'shell',
      'a folder that a step wrote is brought into the workspace, with everything in it',
      async () => {
        const opened = await open();
        await run(opened, 'mkdir -p out/deep && echo one >out/deep/one && echo two >out/two');
        await opened.fetchTree('out');
        await opened.fetchTree('never-made');
        const read = (path: string): Promise<string> => readFile(join(spec.workspace, path), 'utf8');
        expect([await read('out/deep/one'), await read('out/two')]).toEqual(['one\n', 'two\n']);
      },
    );

    test('a step sees its environment, whatever is in it, and nothing of the step before', async () => {
      const opened = await open();
      const value = 'a "b" $HOME `c` \'d\'\nnext line';
      expect((await run(opened, 'printf "%s" "$VALUE"', { env: { VALUE: value } })).stdout).toBe(value);
      expect((await run(opened, 'printf "%s" "$VALUE"')).stdout).toBe('');
    });

    testIf('shell', "nothing of the worker's own environment reaches a step", async () => {
      process.env['SLUICE_TEST_ONLY'] = 'hidden';
      expect((await run(await open(), 'env')).stdout).not.toContain('hidden');
      delete process.env['SLUICE_TEST_ONLY'];
    });

    test('steps share the workspace with each other and with the host', async () => {
      await writeFile(join(spec.workspace, 'from-host'), 'h');
      const opened = await open();
      expect((await run(opened, 'cat from-host')).stdout).toBe('h');
      await run(opened, 'printf made > made.txt');
      expect((await run(opened, 'cat made.txt')).stdout).toBe('made');
      await opened.fetchFile('made.txt');
      expect(await readFile(join(spec.workspace, 'made.txt'), 'utf8')).toBe('made');
    });

    testIf('shell', 'a step begins in the workspace and may use a large script with any quotes', async () => {
      const filler = `# ${'"\'`$('.repeat(50_000)}`;
      const { stdout } = await run(await open(), `${filler}\npwd`);
      expect(stdout.trim()).toBe(underTest().workspaceInStep ?? spec.workspace);
    });

    test('a file that is not there is no error', async () => {
      await (await open()).fetchFile('missing.txt');
    });

    test('a stopped step ends promptly', async () => {
      const started = performance.now();
      const { end, stdout } = await run(await open(), 'echo ready\nsleep 600', { stopAt: 'ready' });
      expect([end, stdout]).toEqual([{ kind: 'stopped' }, 'ready\n']);
      expect(performance.now() - started).toBeLessThan(8_000);
    });

    test('a step that is stopped before it begins does not run', async () => {
      const end = await (await open()).runStep(aStep('echo x > x'), silent, AbortSignal.abort());
      expect(end).toEqual({ kind: 'stopped' });
    });

    testIf(
      'process tree',
      'a stopped step leaves no process, not even one that ignores SIGTERM',
      async () => {
        const opened = await open();
        const stubborn =
          "trap '' TERM\n(trap '' TERM; while :; do sleep 1; echo x >> alive; done) &\necho ready\nwait";
        const { end } = await run(opened, stubborn, { stopAt: 'ready', graceMs: 200 });
        expect(end).toEqual({ kind: 'stopped' });
        expect((await run(opened, 'rm -f alive; sleep 1.5; ls')).stdout).not.toContain('alive');
      },
    );

    testIf('process tree', 'a step may clean up when it is stopped, and the session goes on', async () => {
      const opened = await open();
      const polite = "trap 'echo bye; exit 0' TERM\necho ready\nwhile :; do sleep 0.1; done";
      expect((await run(opened, polite, { stopAt: 'ready' })).stdout).toContain('bye');
      expect((await run(opened, 'echo next')).stdout).toBe('next\n');
    });

    testIf('background process', 'a background process does not keep its step from ending', async () => {
      const opened = await open();
      const { end, stdout } = await run(opened, 'sleep 600 &\necho done');
      expect([end.kind, stdout]).toEqual(['exited', 'done\n']);
    });

    testIf('background process ends', 'a background process ends with its step', async () => {
      const opened = await open();
      await run(opened, '(while :; do sleep 0.1; echo x >> alive; done) &');
      expect((await run(opened, 'rm -f alive; sleep 0.5; ls')).stdout).not.toContain('alive');
    });

    testIf('shell', "a step's input is empty", async () => {
      const opened = await open();
      expect((await run(opened, 'cat; echo end')).stdout).toBe('end\n');
      expect((await run(opened, 'echo next')).stdout).toBe('next\n');
    });

    testIf(
      'shell',
      'a step is interrupted by SIGINT as in a terminal, and a killed one says no more',
      async () => {
        const opened = await open();
        const { end } = await run(opened, "sh -c 'kill -INT $$; exit 9'");
        expect(end).toMatchObject({ exitCode: 130 });
        const killed = await run(opened, 'kill -KILL $$');
        expect(killed).toMatchObject({ end: { exitCode: 137 }, stdout: '', stderr: '' });
      },
    );

    testIf('any bytes', 'any bytes and a huge line arrive as they are', async () => {
      const opened = await open();
      const bytes = await run(opened, "printf '\\000\\377\\001\\n'");
      expect([...bytes.raw]).toEqual([0, 255, 1, 10]);
      const huge = await run(opened, 'head -c 5000000 /dev/zero | tr "\\0" x');
      expect(huge.raw.equals(Buffer.alloc(5_000_000, 'x'))).toBe(true);
    });

    testIf('any bytes', '100,000 lines arrive complete and in order, also when the log is slow', async () => {
      const opened = await open();
      let pauses = 0;
      const drained = async (): Promise<void> => {
        if ((pauses += 1) % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      };
      const { stdout } = await run(opened, 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); echo $i; done', {
        drained,
      });
      expect(stdout).toBe(Array.from({ length: 100_000 }, (_, at) => `${at + 1}\n`).join(''));
    });

    testIf('out of memory', 'running out of memory is told apart from failing', async () => {
      const opened = await open({ resources: { cpu: null, memoryBytes: 16 * 1024 * 1024, pids: null } });
      const { end } = await run(opened, 'x=0123456789; while :; do x="$x$x"; done');
      expect(end).toMatchObject({ kind: 'exited', outOfMemory: true, outOfProcesses: false });
      expect((await run(opened, 'exit 3')).end).toEqual({
        kind: 'exited',
        exitCode: 3,
        outOfMemory: false,
        outOfProcesses: false,
      });
    });

    testIf('image pull', 'an image that no registry gives is a failure with words', async () => {
      const opened = await underTest().executor.openWorkspace(
        { ...spec, image: '127.0.0.1:1/no/such:1' },
        never,
      );
      expect(opened).toMatchObject({ kind: 'failed', reason: 'image-pull' });
      expect(opened.kind === 'failed' ? opened.message : '').toMatch(
        /"127.0.0.1:1\/no\/such:1".*could not be pulled/s,
      );
    });

    testIf('no network', 'without network a step has only itself', async () => {
      const { stdout } = await run(await open({ network: false }), 'cat /proc/net/dev | grep -c : ');
      expect(stdout.trim()).toBe('1');
    });

    testIf(
      'process limit',
      'a step that forks without end meets the limit, is told apart, and the session goes on',
      async () => {
        const opened = await open({ resources: { cpu: null, memoryBytes: null, pids: 64 } });
        const { end } = await run(opened, 'while :; do sleep 600 & done');
        expect(end).toMatchObject({ kind: 'exited', outOfProcesses: true });
        expect(end).not.toMatchObject({ exitCode: 0 });
        const next = await run(opened, 'echo next');
        expect(next).toMatchObject({ stdout: 'next\n', end: { exitCode: 0, outOfProcesses: false } });
      },
    );

    testIf('few rights', 'a step gains no rights, and lacks those that it does not need', async () => {
      const { stdout } = await run(await open(), 'grep -E "^(NoNewPrivs|CapEff|CapBnd):" /proc/self/status');
      const rights = Object.fromEntries(
        [...stdout.matchAll(/(\w+):\s*(\w+)/g)].map(([, name, value]) => [name, value]),
      );
      expect(rights['NoNewPrivs']).toBe('1');
      for (const name of ['CapEff', 'CapBnd']) {
        const held = BigInt(`0x${rights[name] ?? 'f'.repeat(16)}`);
        expect([...forbidden].filter(([, bit]) => (held & (1n << bit)) !== 0n).map(([each]) => each)).toEqual(
          [],
        );
      }
    });

    testIf('user', 'steps run as the user that was asked for, who may write the workspace', async () => {
      await mkdir(join(spec.workspace, 'sub'));
      await writeFile(join(spec.workspace, 'sub', 'file'), 'before');
      const opened = await open({ user: '1234:56' });
      const first = await run(opened, 'id -u; id -g; echo after > sub/file; cat sub/file; touch new');
      expect(first).toMatchObject({ stdout: '1234\n56\nafter\n', end: { exitCode: 0 } });
      const stubborn = "trap '' TERM; echo ready; while :; do sleep 0.1; done";
      expect((await run(opened, stubborn, { stopAt: 'ready', graceMs: 100 })).end).toEqual({
        kind: 'stopped',
      });
      expect((await run(opened, 'echo next')).stdout).toBe('next\n');
    });

    testIf('user names', 'a user that the image does not have is refused in words', async () => {
      const opened = await underTest().executor.openWorkspace({ ...spec, user: 'nobody-knows' }, never);
      expect(opened).toMatchObject({
        kind: 'failed',
        reason: 'refused',
        message: expect.stringMatching(/no user "nobody-knows"/),
      });
    });

    testIf('read-only root', 'only the workspace and /tmp can be written', async () => {
      const opened = await open({ readOnlyRoot: true });
      const { stdout, end } = await run(
        opened,
        'echo w > here; echo t > /tmp/there; cat here /tmp/there; (echo x > /etc/x) 2>/dev/null || echo refused',
      );
      expect([stdout, end]).toMatchObject(['w\nt\nrefused\n', { exitCode: 0 }]);
      expect((await run(opened, 'cat /tmp/there')).stdout).toBe('t\n');
    });

    testIf(
      'services',
      'services are reached by name once they are ready, in a network of their own',
      async () => {
        const lines: string[] = [];
        const opened = await open({
          services: [aService('web', serveHello), aService('api', serveHello, 8001)],
          onProgress: (line) => lines.push(line),
        });
        const { stdout, end } = await run(opened, 'wget -qO- http://web:8000/; wget -qO- http://api:8001/');
        expect([stdout, end]).toMatchObject(['hello from web\nhello from api\n', { exitCode: 0 }]);
        expect(lines.join('\n')).toMatch(/service "?web"? is ready/);
        expect(await opened.describeServices()).toMatchObject([
          { name: 'web', end: null },
          { name: 'api', end: null },
        ]);
      },
    );

    testIf('services', "another attempt's services are not reached", async () => {
      const first = await open({ services: [aService('web', serveHello)] });
      const address = (
        await run(
          first,
          'nslookup web 2>/dev/null | tail -n +3 | grep -o "[0-9.]*[0-9]$" | tail -1; hostname -i',
        )
      ).stdout;
      const other = await mkdtemp(join(tmpdir(), 'sluice-executor-'));
      for (const name of ['workspace', 'scratch']) await mkdir(join(other, name));
      const labels = { ...spec.labels, 'sluice.test': other.split('/').at(-1) ?? '' };
      const second = await underTest().executor.openWorkspace(
        {
          ...spec,
          labels,
          workspace: join(other, 'workspace'),
          scratch: join(other, 'scratch'),
          services: [aService('own', serveHello)],
        },
        never,
      );
      if (second.kind === 'failed') throw new Error(second.message);
      const ask = address
        .trim()
        .split('\n')
        .map((ip) => `wget -T 2 -qO- http://${ip}:8000/ && echo reached`);
      const { stdout } = await run(
        second.session,
        `set +e\nwget -T 2 -qO- http://web:8000/\n${ask.join('\n')}\necho end`,
      );
      await second.session.dispose();
      await rm(other, { recursive: true, force: true });
      expect([address.trim(), stdout]).toEqual([expect.stringMatching(/\d+\.\d+/), 'end\n']);
    });

    testIf('service failures', 'without network the services are reached, and nothing else is', async () => {
      const opened = await open({ network: false, services: [aService('web', serveHello)] });
      const { stdout } = await run(opened, 'wget -qO- http://web:8000/; grep -c : /proc/net/dev');
      expect(stdout).toBe('hello from web\n1\n');
    });

    testIf(
      'service failures',
      'one that does not get ready fails with what it wrote and what its question said',
      async () => {
        const lines: string[] = [];
        const opened = await underTest().executor.openWorkspace(
          {
            ...spec,
            services: [
              {
                ...aService('db', 'echo starting up; sleep 600'),
                ready: 'echo not me; exit 3',
                readyTimeoutMs: 5_000,
              },
            ],
            onProgress: (line) => lines.push(line),
          },
          never,
        );
        expect(opened).toMatchObject({ kind: 'failed', reason: 'service' });
        const message = opened.kind === 'failed' ? opened.message : '';
        expect(message).toMatch(
          /"db".*was not ready after.*exit code 3.*not me.*ready_timeout.*starting up/s,
        );
        expect(lines).toContain('service db: starting up');
      },
    );

    testIf('service failures', 'one that ends, and one that nobody can pull, are told apart', async () => {
      const openWith = (service: Partial<ServiceSpec>) =>
        underTest().executor.openWorkspace(
          {
            ...spec,
            services: [
              aService('x', serveHello),
              { ...aService('db', 'echo no space left; exit 7'), ...service },
            ],
          },
          never,
        );
      expect(await openWith({})).toMatchObject({
        kind: 'failed',
        reason: 'service',
        message: expect.stringMatching(/"db".*exit code 7 before it was ready.*no space left/s),
      });
      expect(await openWith({ image: '127.0.0.1:1/no/such:1' })).toMatchObject({
        kind: 'failed',
        reason: 'image-pull',
        message: expect.stringMatching(/"db".*could not be pulled/s),
      });
    });

    testIf(
      'service failures',
      'one that ends while steps run is described with its end and its last lines',
      async () => {
        const untilAsked = `${waitFor(9000)}; echo going down; exit 9`;
        const service = aService('db', `${serve('/www', 8000)}; echo up; ${untilAsked}`);
        const opened = await open({ network: false, services: [service] });
        await run(opened, `${serve('./www', 9000)}; while ${ask(8000)}; do sleep 0.2; done`);
        await expect
          .poll(() => opened.describeServices(), { timeout: 30_000 })
          .toEqual([{ name: 'db', end: 'ended with exit code 9', lastLines: ['up', 'going down'] }]);
      },
    );

    testIf('service failures', 'opening that is stopped leaves nothing', async () => {
      const controller = new AbortController();
      const opening = underTest().executor.openWorkspace(
        {
          ...spec,
          services: [{ ...aService('db', 'sleep 600'), ready: 'false' }],
          onProgress: () => controller.abort(),
        },
        controller.signal,
      );
      await expect(opening).rejects.toThrow(/abort/i);
    });

    testIf(
      'terminal',
      'a person has a terminal with the size of theirs, in the place of the steps',
      async () => {
        const opened = await open();
        await run(opened, 'echo made > made.txt');
        const shell = await enter(opened, { COLOUR: "te'al" });
        shell.type('echo hello$((1+1)) "$COLOUR"; cat made.txt; stty size; pwd; echo end$((2+2))\n');
        const shown = await shell.until('end4');
        expect(shown).toMatch(/hello2 te'al\r\nmade\r\n30 100\r\n/);
        expect(shown).toContain(underTest().workspaceInStep ?? spec.workspace);
        await shell.process.resize(132, 50);
        shell.type('until [ "$(stty size)" = "50 132" ]; do sleep 0.1; done; echo wide$((3+3))\n');
        await shell.until('wide6');
        // The interrupt is for what runs: a shell that has read the line and not begun it yet would keep it.
        shell.type("sh -c 'echo asleep$((1+1)); exec sleep 600'\n");
        await shell.until('asleep2');
        shell.type('\u0003');
        shell.type('exit 7\n');
        expect(await shell.exitCode()).toBe(7);
        await shell.process.close();
      },
    );

    testIf('terminal', 'what a person has started in a terminal ends with it', async () => {
      const opened = await open();
      const shell = await enter(opened, {});
      shell.type('(while :; do sleep 0.1; echo x >> alive; done) & echo started$((1+1))\n');
      await shell.until('started2');
      await shell.process.close();
      expect((await run(opened, 'rm -f alive; sleep 0.5; ls')).stdout).not.toContain('alive');
    });

    testIf('terminal', 'a terminal ends with the step beside it, and another one is opened', async () => {
      const opened = await open();
      const step = run(opened, 'echo ready; while [ ! -e go ]; do sleep 0.1; done');
      const shell = await enter(opened, {});
      shell.type('touch go; sleep 600\n');
      expect((await step).end).toMatchObject({ exitCode: 0 });
      expect(await shell.exitCode()).not.toBe(0);
      await shell.process.close();
      const next = await enter(opened, {});
      next.type('exit 3\n');
      expect(await next.exitCode()).toBe(3);
      await next.process.close();
    });

    testIf('terminal', 'a terminal has no right that a step has not', async () => {
      const ask = 'grep -E "^(Uid|NoNewPrivs|CapEff|CapBnd|Seccomp):" /proc/self/status';
      const opened = await open();
      const { stdout } = await run(opened, ask);
      const shell = await enter(opened, {});
      shell.type(`${ask}; echo end$((2+2))\n`);
      const shown = (await shell.until('end4')).replaceAll('\r', '');
      for (const line of stdout.trim().split('\n')) expect(shown).toContain(line);
      await shell.process.close();
    });

    test('disposing twice is fine, and ends what still runs', async () => {
      const opened = await open();
      await run(opened, 'echo x');
      await opened.dispose();
      await opened.dispose();
    });
  });
}

interface EnteredShell {
  readonly process: ShellProcess;
  readonly type: (text: string) => void;
  /** What the terminal has shown when it shows this. */
  readonly until: (text: string) => Promise<string>;
  /** When nothing more is shown. */
  readonly exitCode: () => Promise<number | null>;
}

async function enter(session: ExecutorSession, env: Readonly<Record<string, string>>): Promise<EnteredShell> {
  const { shellDoor } = session;
  if (shellDoor?.kind !== 'open') throw new Error(shellDoor?.why ?? 'the session has no door for shells');
  const shell = await shellDoor.open({ env, cols: 100, rows: 30 });
  let shown = '';
  const ended = (async () => {
    for await (const chunk of shell.output) shown += chunk.toString();
  })();
  return {
    process: shell,
    type: (text) => shell.write(Buffer.from(text)),
    until: async (text) => {
      await expect.poll(() => shown, { timeout: 60_000, interval: 20 }).toContain(text);
      return shown;
    },
    exitCode: async () => {
      await ended;
      return shell.exitCode();
    },
  };
}

/** Capabilities, by their bits in the kernel. */
const forbidden: ReadonlyMap<string, bigint> = new Map([
  ['DAC_READ_SEARCH', 2n],
  ['NET_ADMIN', 12n],
  ['NET_RAW', 13n],
  ['SYS_MODULE', 16n],
  ['SYS_PTRACE', 19n],
  ['SYS_ADMIN', 21n],
  ['SYS_TIME', 25n],
  ['MKNOD', 27n],
]);

const serveHello = 'mkdir /www; echo "hello from $NAME" > /www/index.html; exec httpd -f -p $PORT -h /www';

const ask = (port: number): string => `wget -qO- http://127.0.0.1:${port}/ >/dev/null 2>&1`;
const waitFor = (port: number): string => `until ${ask(port)}; do sleep 0.2; done`;
const serve = (folder: string, port: number): string =>
  `mkdir -p ${folder}; echo x > ${folder}/index.html; httpd -p ${port} -h ${folder}`;

/** A shell script of the image under test as a service. */
function aService(name: string, script: string, port = 8000): ServiceSpec {
  return {
    name,
    image: process.env['TEST_IMAGE'] ?? 'lab/busybox:1',
    env: { NAME: name, PORT: String(port) },
    command: ['sh', '-c', script],
    ready: 'wget -qO- http://127.0.0.1:$PORT/',
    readyTimeoutMs: 30_000,
  };
}

const never = new AbortController().signal;
const silent = { write: () => {}, drained: async () => {} };

function aSpec({ image }: ExecutorUnderTest, workspace: string, scratch: string): WorkspaceSpec {
  return {
    image,
    workspace,
    filled: Promise.resolve(),
    scratch,
    labels: { sluice: 'test', 'sluice.attempt': '1', 'sluice.test': workspace.split('/').at(-2) ?? '' },
    network: true,
    services: [],
    user: null,
    readOnlyRoot: false,
    resources: { cpu: null, memoryBytes: null, pids: null },
    timeoutMs: 600_000,
    pod: null,
    registryCredentials: [],
    onProgress: () => {},
  };
}

let steps = 0;

function aStep(script: string, change: Partial<StepCommand> = {}): StepCommand {
  steps += 1;
  return { index: steps, try: 1, script, shell: 'sh', env: {}, graceMs: 2_000, ...change };
}

interface RunOptions extends Partial<StepCommand> {
  /** Stops the step as soon as its output holds this. */
  readonly stopAt?: string;
  readonly drained?: () => Promise<void>;
}

async function run(
  session: ExecutorSession,
  script: string,
  { stopAt, drained, ...change }: RunOptions = {},
): Promise<{ end: StepEnd; stdout: string; stderr: string; raw: Buffer }> {
  const chunks: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  const controller = new AbortController();
  const end = await session.runStep(
    aStep(script, change),
    {
      write: (stream, chunk) => {
        chunks[stream].push(Buffer.from(chunk));
        if (stopAt !== undefined && Buffer.concat(chunks[stream]).includes(stopAt)) controller.abort();
      },
      drained: drained ?? (async () => {}),
    },
    controller.signal,
  );
  const raw = Buffer.concat(chunks.stdout);
  return { end, stdout: raw.toString(), stderr: Buffer.concat(chunks.stderr).toString(), raw };
}
