/** A valid UUID that a reader of a test recognises: `id('run', 7)`. */
export function id(kind: 'run' | 'attempt' | 'rollout' | 'other', number: number): string {
  const digit = { run: '1', attempt: '2', rollout: '3', other: '4' }[kind];
  return `0000000${digit}-0000-7000-8000-${String(number).padStart(12, '0')}`;
}

/** 64 hexadecimal digits that look like a digest and are the same on every start. */
export function digest(seed: string): string {
  let state = 2_166_136_261;
  let text = '';
  for (let n = 0; text.length < 64; n += 1) {
    for (const character of `${seed} ${n}`) {
      state = Math.imul(state ^ character.charCodeAt(0), 16_777_619);
    }
    text += (state >>> 0).toString(16).padStart(8, '0');
  }
  return text;
}
