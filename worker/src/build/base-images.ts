/**
 * The images outside itself that a Dockerfile builds on: those of `FROM` and `COPY --from`, with the arguments that
 * stand before the first `FROM` filled in. What cannot be told from the text alone is left out.
 */
export function baseImages(dockerfile: string, args: Readonly<Record<string, string>>): readonly string[] {
  const variables = new Map<string, string>();
  const stages = new Set<string>(['scratch']);
  const images = new Set<string>();
  const add = (image: string): void => {
    if (image !== '' && !image.includes('$') && !stages.has(image.toLowerCase()) && !/^\d+$/.test(image)) {
      images.add(image);
    }
  };
  let isBeforeFirstFrom = true;
  for (const [instruction = '', ...words] of instructions(dockerfile)) {
    if (instruction === 'ARG' && isBeforeFirstFrom) {
      for (const word of words) {
        const [name = '', ...defaults] = word.split('=');
        const value = args[name] ?? unquoted(fill(defaults.join('='), variables));
        if (value !== '') variables.set(name, value);
      }
    } else if (instruction === 'FROM') {
      isBeforeFirstFrom = false;
      const [image = '', as, name] = words.filter((word) => !word.startsWith('--'));
      add(unquoted(fill(image, variables)));
      if (as?.toUpperCase() === 'AS' && name !== undefined) stages.add(name.toLowerCase());
    } else if (instruction === 'COPY') {
      add(words.find((word) => word.startsWith('--from='))?.slice('--from='.length) ?? '');
    }
  }
  return [...images];
}

/** Words of each instruction, the first in capitals; comments and line continuations resolved. */
function instructions(dockerfile: string): readonly (readonly string[])[] {
  const lines = dockerfile.split(/\r?\n/).filter((line) => !/^\s*#/.test(line));
  return lines
    .join('\n')
    .replace(/\\[ \t]*\n/g, ' ')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([first = '', ...words]) => [first.toUpperCase(), ...words]);
}

function fill(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(
    /\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})/g,
    (whole, plain: string | undefined, braced: string | undefined, otherwise: string | undefined) =>
      variables.get(plain ?? braced ?? '') ?? otherwise ?? whole,
  );
}

const unquoted = (text: string): string => text.replace(/^(["'])(.*)\1$/, '$2');
