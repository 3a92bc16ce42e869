// The command line. Each command's work is in its own file; here are only their names, options and exit codes.
import { Command } from 'commander';
import pc from 'picocolors';
import { connect } from './api-client.ts';
import type { SteerOptions } from './commands/rollouts.ts';
import type { RunsOptions } from './commands/runs.ts';
import type { RunFlags } from './local-run/read-options.ts';
import { processSignal } from './process-signal.ts';

const write = (text: string): void => void process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
const api = () => connect(process.env);
const templateHelp =
  'where templates of a repository lie; default: Git fetches them from beside the remote "origin"';

const program = new Command('sluice')
  .description('From a push to production, with evidence at every gate.')
  // What stands behind `runs start` is an option of that, also where `runs` knows one of the same name.
  .enablePositionalOptions()
  .showHelpAfterError('(sluice --help lists the commands)');

program
  .command('up')
  .description('start everything on this machine: database, Redis, server, worker, page and a demo')
  .action(async () => {
    const { up } = await import('./up/up-command.ts');
    await up(process.env, processSignal());
  });

program
  .command('server')
  .description('start a server (settings by environment: docs/operations.md)')
  .action(async () => void (await import('@sluice/server/main')));

program
  .command('worker')
  .description('start a worker')
  .action(async () => void (await import('@sluice/worker/main')));

const guard = program
  .command('guard')
  .description(
    'watch rollouts in a namespace, and give traffic back when the engine is silent (docs/guard.md)',
  )
  .option('--namespace <name>', 'of the services that are rolled out')
  .action(async ({ namespace }: { namespace?: string }) => {
    if (namespace === undefined) throw new Error('sluice guard wants --namespace');
    const { startGuard } = await import('@sluice/worker/guard/start-guard');
    await startGuard(namespace, processSignal());
  });

guard
  .command('manifests')
  .description('print what installs a guard, for `kubectl apply --filename -`')
  .requiredOption('--namespace <name>', 'of the services that are rolled out')
  .requiredOption('--route <kind/name...>', 'what `traffic` of a stage says, such as httproute/shop')
  .option('--service <name...>', 'Services of the workloads; default: called like the routes')
  .option('--image <image>', 'the image of Sluice', 'sluice:latest')
  .action(
    async (options: {
      namespace: string;
      route: readonly string[];
      service?: readonly string[];
      image: string;
    }) => {
      const { guardManifests } = await import('./commands/guard-manifests.ts');
      write(guardManifests(options));
    },
  );

program
  .command('lint')
  .description('check pipeline files; exit code 1 where there is an error')
  .argument('[files...]', 'default: .sluice.yml and .sluice/*.yml')
  .option('--template <repository=folder...>', templateHelp)
  .action(async (files: string[], options: { template?: readonly string[] }) => {
    const { lintFiles } = await import('./lint-command.ts');
    const { terminal } = await import('./terminal.ts');
    process.exitCode = await lintFiles(files, terminal(foldersOf(options)));
  });

program
  .command('plan')
  .description('show what would run for an event, and why')
  .argument('[file]', 'the pipeline file; default: .sluice.yml and .sluice/*.yml')
  .option(
    '--event <event>',
    'push, tag, pull_request, schedule, manual, or a .json file with the payload of a webhook',
    'push',
  )
  .option('--branch <branch>', 'the branch', 'main')
  .option('--tag <tag>', 'the tag, for --event tag')
  .option('--changed <paths>', 'changed files, separated by commas')
  .option('--input <name=value...>', 'an input of a manual start')
  .option('--template <repository=folder...>', templateHelp)
  .option('--json', 'the plan as JSON', false)
  .action(async (file: string | undefined, options: PlanOptions) => {
    const { planCommand } = await import('./plan-command.ts');
    const { terminal } = await import('./terminal.ts');
    const changed = options.changed?.split(',').map((path) => path.trim());
    const inputs = Object.fromEntries((options.input ?? []).map((text) => splitAssignment(text)));
    const wanted = { ...options, file, changed, inputs, now: Date.now() };
    process.exitCode = await planCommand(wanted, terminal(foldersOf(options)));
  });

program
  .command('schema')
  .description('print the JSON Schema of pipeline files, for editors')
  .option('--template', 'of templates, the files that stages use')
  .action(async (options: { readonly template?: boolean }) => {
    const { schemaCommand } = await import('./schema-command.ts');
    const { terminal } = await import('./terminal.ts');
    schemaCommand(terminal(), options);
  });

program
  .command('run')
  .description('run a pipeline on this machine, in Docker or as processes, without a server')
  .argument('[file]', 'the pipeline file; default: .sluice.yml, or the only one in .sluice/')
  .option('--stage <stage...>', 'only this one and what it needs')
  .option('--from <stage>', 'this one and what needs it; what stands before is kept from the run before')
  .option('--matrix <name=value...>', 'only combinations with this value')
  .option('--secret <name=value...>', 'a secret; NAME alone takes it from the environment')
  .option('--input <name=value...>', 'an input of a manual start')
  .option('--event <event>', 'push (default), tag, pull_request, schedule or manual')
  .option('--branch <branch>', 'default: the one that is checked out')
  .option('--tag <tag>', 'as for this tag')
  .option('--changed <paths>', 'changed files, separated by commas')
  .option('--executor <where>', 'docker (default), process, or docker,process: where steps may run')
  .option('--jobs <n>', 'stages at the same time (default: one for each processor)')
  .option('--template <repository=folder...>', templateHelp)
  .option('--in-place', 'work in this folder itself instead of a copy', false)
  .option('--keep', 'keep workspaces and built images', false)
  .option('--json', 'events as lines of JSON', false)
  .option('--plain', 'lines instead of a live picture', false)
  .action(async (file: string | undefined, flags: RunFlags & { template?: readonly string[] }) => {
    const [{ runCommand }, { runTerminal }] = await Promise.all([
      import('./local-run/run-command.ts'),
      import('./local-run/run-terminal.ts'),
    ]);
    process.exitCode = await runCommand(file, flags, runTerminal(foldersOf(flags)));
  });

program
  .command('convert')
  .description('turn a pipeline of GitLab CI, GitHub Actions or Woodpecker into a first one of Sluice')
  .argument('<file>', '.gitlab-ci.yml, .github/workflows/x.yml or .woodpecker.yml')
  .option('--from <system>', 'gitlab, github or woodpecker, where the file does not tell')
  .option('-o, --output <file>', 'write it there, such as .sluice.yml; a file that is there is kept')
  .option('--json', 'the pipeline and the notes as JSON', false)
  .action(async (file: string, options: { from?: string; output?: string; json: boolean }) => {
    const { convertCommand } = await import('./convert-command.ts');
    const { convertTerminal } = await import('./terminal.ts');
    process.exitCode = await convertCommand({ ...options, file }, convertTerminal());
  });

const runs = program
  .command('runs')
  .description('list the newest runs, or start one')
  .option('--json', 'as JSON', false)
  .option('--limit <n>', 'how many', '20')
  .option('--branch <branch>')
  .option('--status <status>')
  .option('--search <words>', 'in the commit, its author, the branch; #12 is a number')
  .action(async (options: RunsOptions) => {
    const { listRuns } = await import('./commands/runs.ts');
    write(await listRuns(api(), options, Date.now()));
  });

runs
  .command('inputs')
  .description('list what can be started by hand, and what each pipeline asks for')
  .option('--repository <name>', 'of which repository; needed where there are several')
  .option('--branch <branch>', 'default: the default branch')
  .option('--commit <commit>', 'default: the newest of the branch')
  .option('--json', 'as JSON', false)
  .action(async (options: { repository?: string; branch?: string; commit?: string; json: boolean }) => {
    const { showRunInputs } = await import('./commands/run-inputs.ts');
    write(await showRunInputs(api(), options));
  });

runs
  .command('start')
  .description('start a run by hand')
  .option('--repository <name>', 'of which repository; needed where there are several')
  .option('--branch <branch>', 'default: the default branch')
  .option('--commit <commit>', 'default: the newest of the branch')
  .option('--pipeline <name>', 'which one; needed where several can be started by hand')
  .option('--input <name=value...>', 'an input that the pipeline asks for: `sluice runs inputs` lists them')
  .action(
    async (options: {
      repository?: string;
      branch?: string;
      commit?: string;
      pipeline?: string;
      input?: readonly string[];
    }) => {
      const { startRun } = await import('./commands/start.ts');
      const inputs = Object.fromEntries((options.input ?? []).map((text) => splitAssignment(text)));
      write(await startRun(api(), { ...options, inputs }));
    },
  );

program
  .command('show')
  .description('show one run: its stages, why each waits or failed, and behind whom')
  .argument('<run>', 'number or id')
  .option('--json', 'as JSON', false)
  .action(async (run: string, options: { json: boolean }) => {
    const { showRun } = await import('./commands/show.ts');
    write(await showRun(api(), run, options, Date.now()));
  });

program
  .command('logs')
  .description('print the log of a run')
  .argument('<run>', 'number or id')
  .option('-f, --follow', 'go on until the run has ended', false)
  .option('--stage <stage>', 'only this stage')
  .action(async (run: string, options: { follow: boolean; stage?: string }) => {
    const { showLogs } = await import('./commands/logs.ts');
    await showLogs(api(), run, options, (text) => process.stdout.write(text));
  });

program
  .command('rerun')
  .description('run a run again, after showing what will run and what is kept')
  .argument('<run>', 'number or id')
  .option('--failed', 'only what failed, and what needs it', false)
  .option('--from <stage>', 'this stage and what needs it')
  .option('--current', 'with the newest commit and its pipeline file', false)
  .option('--debug', 'keep failed stages for `sluice shell`, for 30 minutes', false)
  .option('--dry-run', 'only show what would run', false)
  .action(
    async (
      run: string,
      options: { failed: boolean; from?: string; current: boolean; debug: boolean; dryRun: boolean },
    ) => {
      const { rerunRun } = await import('./commands/rerun.ts');
      await rerunRun(api(), run, options, write);
    },
  );

program
  .command('shell')
  .description('open a terminal in a stage that runs, or that failed and is kept')
  .argument('<run>', 'number or id')
  .argument('[stage]', 'where several can be entered')
  .option('--release', 'remove what is kept, instead', false)
  .action(async (run: string, stage: string | undefined, options: { release: boolean }) => {
    const { openShell } = await import('./commands/shell.ts');
    const say = (text: string) => void process.stderr.write(`${text}\n`);
    const person = { input: process.stdin, output: process.stdout, say };
    process.exitCode = await openShell(api(), run, stage, options, person);
  });

program
  .command('cancel')
  .description('end a run, or one stage of it')
  .argument('<run>', 'number or id')
  .option('--stage <stage>', 'only this stage')
  .option('--reason <reason>')
  .option('--force', 'after a first cancel: do not wait for clean-up', false)
  .action(async (run: string, options: { stage?: string; reason?: string; force: boolean }) => {
    const { cancelRun } = await import('./commands/cancel.ts');
    await cancelRun(api(), run, options, write);
  });

program
  .command('artifacts')
  .description('list what the stages of a run have kept, or download it')
  .argument('<run>', 'number or id')
  .option('--stage <stage>', 'only of this stage')
  .option('--download <folder>', 'save them there: artifacts as gzipped tars, reports as they are')
  .action(async (run: string, options: { stage?: string; download?: string }) => {
    const { showArtifacts } = await import('./commands/artifacts.ts');
    await showArtifacts(api(), run, options, write);
  });

for (const [name, verdict] of [
  ['approve', 'approved'],
  ['reject', 'rejected'],
] as const) {
  program
    .command(name)
    .description(`${name} what a run waits for, after showing the evidence`)
    .argument('<run>', 'number or id')
    .option('--stage <stage>', 'where several wait')
    .option('--reason <reason>')
    .action(async (run: string, options: { stage?: string; reason?: string }) => {
      const { castVote } = await import('./commands/vote.ts');
      await castVote(api(), verdict, run, options, write);
    });
}

const environments = program
  .command('environments')
  .description('list environments: what runs where, and what is frozen')
  .option('--json', 'as JSON', false)
  .action(async (options: { json: boolean }) => {
    const { listEnvironments } = await import('./commands/environments.ts');
    write(await listEnvironments(api(), options, Date.now()));
  });

environments
  .command('save')
  .description('add an environment, or change where it is: one place, or several clusters')
  .argument('<environment>')
  .argument('<file>', 'YAML or JSON of its target (docs/operations.md)')
  .action(async (environment: string, file: string) => {
    const [{ saveEnvironment }, { readFile }] = await Promise.all([
      import('./commands/environments.ts'),
      import('node:fs/promises'),
    ]);
    write(await saveEnvironment(api(), environment, await readFile(file, 'utf8')));
  });

environments
  .command('freeze')
  .description('show when an environment is frozen, or set it')
  .argument('<environment>')
  .argument('[file]', 'YAML or JSON with windows (docs/operations.md)')
  .action(async (environment: string, file: string | undefined) => {
    const [{ freezeEnvironment }, { readFile }] = await Promise.all([
      import('./commands/environments.ts'),
      import('node:fs/promises'),
    ]);
    const text = file === undefined ? null : await readFile(file, 'utf8');
    write(await freezeEnvironment(api(), environment, text, Date.now()));
  });

environments
  .command('history')
  .description('what was released there, when, by whom, and how it ended')
  .argument('<environment>')
  .option('--limit <count>', 'newest releases, at most 200', Number, 20)
  .option('--json', 'as JSON', false)
  .action(async (environment: string, options: { limit: number; json: boolean }) => {
    const { listReleases } = await import('./commands/environments.ts');
    write(await listReleases(api(), environment, options, Date.now()));
  });

environments
  .command('check')
  .description('have workers look now: is each place reachable, what runs there, which rights are missing')
  .argument('<environment>')
  .option('--cluster <cluster>', 'of an environment with several, this one')
  .addHelpText('after', '\nExit code 1: something is wrong with a place; 2: nobody has looked at one.')
  .action(async (environment: string, options: { cluster?: string }) => {
    const [{ checkEnvironment }, { setTimeout: sleep }] = await Promise.all([
      import('./commands/check-environment.ts'),
      import('node:timers/promises'),
    ]);
    const { outcome, text } = await checkEnvironment(api(), environment, options.cluster ?? null, {
      pause: () => sleep(1_000),
      now: () => Date.now(),
      progress: (line) => void process.stderr.write(`${line}\n`),
      patienceMs: 120_000,
    });
    write(text);
    process.exitCode = { good: 0, wrong: 1, unseen: 2 }[outcome];
  });

environments
  .command('rollback')
  .description('put an earlier release back')
  .argument('<environment>')
  .requiredOption('--reason <reason>')
  .option('--to <version>', 'default: the last release with another image')
  .action(async (environment: string, options: { to?: string; reason: string }) => {
    const { rollBack } = await import('./commands/environments.ts');
    write(await rollBack(api(), environment, options));
  });

program
  .command('preflight')
  .description('try the gate on an environment’s own past: how often it errs, how soon it catches')
  .argument('<environment>')
  .option('--with <file>', 'settings of another pipeline file; default: those of the last release')
  .option('--stage <stage>', 'its deploy stage; default: the one to this environment')
  .option('--json', 'as JSON', false)
  .action(async (environment: string, options: { with?: string; stage?: string; json: boolean }) => {
    const [{ preflightEnvironment }, { readFile }] = await Promise.all([
      import('./commands/preflight.ts'),
      import('node:fs/promises'),
    ]);
    const pipeline = options.with === undefined ? null : await readFile(options.with, 'utf8');
    write(await preflightEnvironment(api(), environment, { ...options, pipeline }, Date.now()));
  });

const notifications = program
  .command('notifications')
  .description('list where people are told of what, and the newest messages')
  .option('--json', 'as JSON', false)
  .action(async (options: { json: boolean }) => {
    const { listNotifications } = await import('./commands/notifications.ts');
    write(await listNotifications(api(), options, Date.now()));
  });

notifications
  .command('set')
  .description('make a channel, or change it')
  .argument('<channel>')
  .argument('<file>', 'YAML or JSON with kind, url, secret, language and rules (docs/operations.md)')
  .action(async (channel: string, file: string) => {
    const [{ setChannel }, { readFile }] = await Promise.all([
      import('./commands/notifications.ts'),
      import('node:fs/promises'),
    ]);
    write(await setChannel(api(), channel, await readFile(file, 'utf8')));
  });

notifications
  .command('test')
  .description('send a message, and wait until it was taken')
  .argument('<channel>')
  .action(async (channel: string) => {
    const { testChannel } = await import('./commands/notifications.ts');
    write(await testChannel(api(), channel));
  });

notifications
  .command('remove')
  .description('remove a channel, and what it was still to send')
  .argument('<channel>')
  .action(async (channel: string) => {
    const { removeChannel } = await import('./commands/notifications.ts');
    write(await removeChannel(api(), channel));
  });

const rollouts = program
  .command('rollouts')
  .description('hold a rollout, let it go on, promote it early or roll it back');

for (const [wish, does] of [
  [
    'hold',
    'have it wait before the new version gets anything more, in all clusters and before the next wave',
  ],
  ['resume', 'let it go on from where it waits'],
  [
    'promote',
    'promote it without the steps that are left, where several clusters are under way each of them',
  ],
  ['abort', 'roll it back'],
] as const) {
  rollouts
    .command(wish)
    .description(does)
    .argument('<run>', 'number or id')
    .requiredOption('--reason <reason>', 'kept as a decision and in the audit')
    .option('--stage <stage>', 'the deploy stage, where there are several')
    .option('--cluster <cluster>', 'of a rollout to several clusters, this one alone')
    .action(async (run: string, options: SteerOptions) => {
      const { steer } = await import('./commands/rollouts.ts');
      write(await steer(api(), wish, run, options));
    });
}

program
  .command('break-glass')
  .description('let the rollout of a run go on in spite of a freeze')
  .argument('<run>', 'number or id')
  .requiredOption('--reason <reason>', 'why it cannot wait; kept as a decision and in the audit')
  .action(async (run: string, { reason }: { reason: string }) => {
    const { breakGlass } = await import('./commands/environments.ts');
    write(await breakGlass(api(), run, reason));
  });

program
  .command('replay')
  .description('make every decision of a rollout again from its stored evidence')
  .argument('<rollout>', 'id, or the number of its run')
  .option('--with <file>', 'with the settings of another pipeline file')
  .option('--stage <stage>', 'the deploy stage, where there are several')
  .option('--json', 'as JSON', false)
  .action(async (rollout: string, options: { with?: string; stage?: string; json: boolean }) => {
    const [{ replayRollout }, { readFile }] = await Promise.all([
      import('./commands/replay.ts'),
      import('node:fs/promises'),
    ]);
    const pipeline = options.with === undefined ? null : await readFile(options.with, 'utf8');
    if (!(await replayRollout(api(), rollout, { ...options, pipeline }, write))) process.exitCode = 1;
  });

program
  .command('login')
  .description('print a link that signs one person in, once')
  .action(async () => {
    const { readLoginLink } = await import('./up/first-steps.ts');
    write(await readLoginLink(api()));
  });

program
  .command('notify')
  .description('tell a server of a push; for a bare repository’s post-receive hook')
  .requiredOption('--url <url>')
  .requiredOption('--repository <owner/name>')
  .requiredOption('--secret-file <file>')
  .action(async (options: { url: string; repository: string; secretFile: string }) => {
    const [{ notify }, { text }] = await Promise.all([
      import('./commands/notify.ts'),
      import('node:stream/consumers'),
    ]);
    await notify(options, await text(process.stdin), process.cwd());
  });

interface PlanOptions {
  readonly event: string;
  readonly branch: string;
  readonly tag?: string;
  readonly changed?: string;
  readonly input?: readonly string[];
  readonly template?: readonly string[];
  readonly json: boolean;
}

const foldersOf = ({ template }: { readonly template?: readonly string[] }): Record<string, string> =>
  Object.fromEntries((template ?? []).map((text) => splitAssignment(text, '--template')));

function splitAssignment(text: string, option = '--input'): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new Error(`${option} wants name=value, got ${JSON.stringify(text)}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

await program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${pc.red('sluice:')} ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
