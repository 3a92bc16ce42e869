/** Why a repository could not be read, in words for the person who can change it. */
export interface RepositoryProblem {
  readonly reason:
    | 'clone-url-refused'
    | 'repository-unreachable'
    | 'repository-missing'
    | 'repository-denied'
    | 'branch-missing'
    | 'commit-missing'
    | 'bad-ref'
    | 'pipeline-file-unusable'
    | 'server-ends';
  readonly message: string;
  /** It may be gone by itself: worth another try. */
  readonly isTemporary: boolean;
}

/** What Git's complaint (English, from stderr) means for the repository `name`. */
export function explainGitFailure(name: string, complaint: string): RepositoryProblem {
  const found = meanings.find(({ pattern }) => pattern.test(complaint)) ?? unknown;
  return {
    reason: found.reason,
    message: `${found.say(name)} Git said: ${lastLines(complaint)}`,
    isTemporary: found.reason === 'repository-unreachable',
  };
}

export const serverEnds: RepositoryProblem = {
  reason: 'server-ends',
  message: 'This server is being stopped and asks Git nothing more: try again in a moment.',
  isTemporary: true,
};

interface Meaning {
  readonly pattern: RegExp;
  readonly reason: RepositoryProblem['reason'];
  readonly say: (name: string) => string;
}

const meanings: readonly Meaning[] = [
  {
    pattern: /not our ref|couldn't find remote ref|unadvertised object|did not send all necessary objects/i,
    reason: 'commit-missing',
    say: (name) => `${name} does not have this commit (any more): was the branch deleted or force-pushed?`,
  },
  {
    pattern:
      /could not read (username|password)|authentication failed|permission denied|invalid credentials|returned error: 40[13]|terminal prompts disabled/i,
    reason: 'repository-denied',
    say: (name) => `${name} does not let Sluice in: check the repository's credentials and their rights.`,
  },
  {
    pattern:
      /repository .* not found|returned error: 404|does not exist|does not appear to be a git repository|no such file or directory/i,
    reason: 'repository-missing',
    say: (name) =>
      `${name} is not at its clone address: check the address, and that the credentials may see it.`,
  },
  {
    pattern: /dubious ownership/i,
    reason: 'repository-denied',
    say: (name) =>
      `${name} belongs to another user of this machine: Git refuses it until its owner is the server's.`,
  },
];

const unknown: Meaning = {
  pattern: /./,
  reason: 'repository-unreachable',
  say: (name) => `${name} could not be read: check that the server can reach its clone address.`,
};

const lastLines = (text: string): string => {
  const lines = text.trim().split('\n').slice(-3).join(' · ').slice(-500);
  return lines === '' ? 'nothing.' : lines;
};
