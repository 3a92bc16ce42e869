// Text of strangers on a terminal: nothing in it may move the cursor, and a line may not be wider than the screen.

/** Without control characters and sequences; with `colour`, those that only colour text stay, up to its end. */
export function safeText(text: string, colour: boolean): string {
  if (!/\p{Cc}/u.test(text)) return text;
  const kept = text
    .replaceAll('\t', '  ')
    .split(sequences)
    .map((part) => (colour && colouring.test(part) ? part : withoutControls(part)));
  const safe = kept.join('');
  return safe.includes(escape) ? `${safe}${escape}[0m` : safe;
}

const escape = '\u001b';
/** Of a terminal: `ESC [ … letter`, strings such as titles up to their end, and two-character ones. */
const sequences = new RegExp(
  `(${escape}\\[[0-?]*[ -/]*[@-~]|${escape}[\\]PX^_][^\u0007${escape}]*(?:\u0007|${escape}\\\\)?|${escape}[ -/]*[0-~])`,
);
const colouring = new RegExp(`^${escape}\\[[0-9;:]*m$`);

const withoutControls = (part: string): string =>
  part.startsWith(escape) && sequences.test(part) ? '' : part.replace(/\p{Cc}/gu, '');

/** At most `columns` wide, with an ellipsis where something is left out. For text without sequences. */
export function fitText(text: string, columns: number): string {
  if (widthOfText(text) <= columns) return text;
  let width = 0;
  let fitting = '';
  for (const character of text) {
    width += widthOf(character);
    if (width > columns - 1) break;
    fitting += character;
  }
  return `${fitting}…`;
}

/** Columns that a text takes on a terminal. */
export function widthOfText(text: string): number {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

function widthOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (/\p{Mark}/u.test(character) || code === 0x200d || (code >= 0xfe00 && code <= 0xfe0f)) return 0;
  return isWide(code) ? 2 : 1;
}

/** East Asian wide and full-width characters, and emoji. */
const isWide = (code: number): boolean =>
  (code >= 0x1100 && code <= 0x115f) ||
  (code >= 0x2e80 && code <= 0xa4cf) ||
  (code >= 0xac00 && code <= 0xd7a3) ||
  (code >= 0xf900 && code <= 0xfaff) ||
  (code >= 0xfe30 && code <= 0xfe6f) ||
  (code >= 0xff00 && code <= 0xff60) ||
  (code >= 0xffe0 && code <= 0xffe6) ||
  (code >= 0x1f300 && code <= 0x1faff) ||
  (code >= 0x20000 && code <= 0x3fffd);
