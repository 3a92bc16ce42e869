// What other systems' readers of YAML take and ours refuses: written as ours reads it, with every position kept.

/**
 * A quoted text whose further lines are indented too little, which libyaml takes, is written on one line. `- <<: *list`,
 * by which Woodpecker puts a list into a list, becomes `-     *list`: a list in a list.
 */
export const mendedYaml = (text: string): string =>
  text
    .replace(brokenQuote, (entry) => entry.replace(/\r?\n/g, (end) => ' '.repeat(end.length)))
    .replace(mergedItem, (line) => line.replace('<<:', '   '));

/** `key: "…`, closed at the end of one of the five lines below. */
const brokenQuote =
  /^[ \t-]*[\w.][\w.-]*:[ \t]+(?:'(?:[^'\n]|'')*(?:\n(?:[^'\n]|'')*){1,5}'|"(?:[^"\\\n]|\\.)*(?:\n(?:[^"\\\n]|\\.)*){1,5}")[ \t]*$/gm;

/** The alias alone, so that no key stands beside it. */
const mergedItem = /^[ \t]*-[ \t]+<<:[ \t]*\*[\w-]+[ \t]*$/gm;
