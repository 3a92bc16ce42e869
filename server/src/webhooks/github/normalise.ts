import type { NormalisedDelivery } from '@sluice/pipelines/trigger/trigger';
import type { z } from 'zod';
import { githubPullRequest, githubPush, type GithubPullRequest, type GithubPush } from './payloads.ts';

/** GitHub lists at most this many commits of a push, and then does not say what the others changed. */
const listedCommits = 2_048;

/** What one of GitHub's deliveries means to us. Never throws, whatever the payload. */
export function normaliseGithub(eventName: string, payload: unknown): NormalisedDelivery {
  switch (eventName) {
    case 'push':
      return parsed(eventName, githubPush, payload, push);
    case 'pull_request':
      return parsed(eventName, githubPullRequest, payload, pullRequest);
    case 'ping':
      return ignored('ping: GitHub has found this address, and the signature is right.');
    default:
      return ignored(`GitHub event "${eventName}" starts nothing; "push" and "pull_request" do.`);
  }
}

function push(payload: GithubPush): NormalisedDelivery {
  const branch = after('refs/heads/', payload.ref);
  const tag = after('refs/tags/', payload.ref);
  if (payload.deleted) return ignored(`${payload.ref} was deleted.`);
  const head = payload.head_commit;
  const base = {
    repository: payload.repository.full_name,
    actor: payload.sender?.login ?? payload.pusher.name,
    commit: {
      // `after` of an annotated tag names the tag object, not its commit.
      sha: head?.id ?? payload.after,
      message: head?.message ?? '',
      author: head?.author.username ?? head?.author.name ?? payload.pusher.name,
    },
  };
  if (branch !== null) {
    return {
      kind: 'trigger',
      trigger: { event: 'push', ...base, branch, changedFiles: changedFiles(payload) },
    };
  }
  if (tag !== null) return { kind: 'trigger', trigger: { event: 'tag', ...base, tag } };
  return ignored(`${payload.ref} is neither a branch nor a tag.`);
}

/** Null where the listed commits are not all that lies between the old head and the new one. */
function changedFiles({ created, forced, commits }: GithubPush): readonly string[] | null {
  if (created || forced || commits.length === 0 || commits.length >= listedCommits) return null;
  return [...new Set(commits.flatMap((commit) => [...commit.added, ...commit.modified, ...commit.removed]))];
}

const actionsWithNewCode = ['opened', 'synchronize', 'reopened'];

function pullRequest(payload: GithubPullRequest): NormalisedDelivery {
  const { action, pull_request: pull } = payload;
  if (!actionsWithNewCode.includes(action)) {
    return ignored(`pull_request "${action}" brings no new code; ${actionsWithNewCode.join(', ')} do.`);
  }
  return {
    kind: 'trigger',
    trigger: {
      event: 'pull_request',
      repository: payload.repository.full_name,
      actor: payload.sender.login,
      commit: { sha: pull.head.sha, message: pull.title, author: pull.user.login },
      number: payload.number,
      title: pull.title,
      branch: pull.head.ref,
      targetBranch: pull.base.ref,
      fromFork: pull.head.repo?.full_name !== payload.repository.full_name,
    },
  };
}

function parsed<Payload>(
  eventName: string,
  schema: z.ZodType<Payload>,
  payload: unknown,
  normalise: (payload: Payload) => NormalisedDelivery,
): NormalisedDelivery {
  const result = schema.safeParse(payload);
  if (result.success) return normalise(result.data);
  const where = result.error.issues.map((issue) => issue.path.join('.')).join(', ');
  return ignored(`The payload is not what GitHub documents for "${eventName}": see ${where || 'its root'}.`);
}

const ignored = (reason: string): NormalisedDelivery => ({ kind: 'ignored', reason });

const after = (prefix: string, ref: string): string | null =>
  ref.startsWith(prefix) ? ref.slice(prefix.length) : null;
