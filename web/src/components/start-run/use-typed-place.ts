import { useDebouncedValue } from '@mantine/hooks';

export interface Place {
  readonly repository: string;
  readonly branch: string;
  /** Empty: the newest of the branch. */
  readonly commit: string;
}

/** While somebody types a branch, Git is not asked for every letter of it. */
const typingMs = 400;

/** The place when nobody has typed for a moment; that of another repository at once. */
export function useTypedPlace({ repository, branch, commit }: Place): Place {
  const [settled] = useDebouncedValue([repository, branch, commit].join('\n'), typingMs);
  const [where, ...typed] = settled.split('\n');
  return where === repository
    ? { repository, branch: typed[0] ?? '', commit: typed[1] ?? '' }
    : { repository, branch, commit };
}
