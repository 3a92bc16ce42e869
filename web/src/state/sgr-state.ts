// What a terminal remembers from line to line: colours and weights that no line has switched off again.

/** The codes in force, by what they set: `fg` → `38;5;208`. */
type Style = Readonly<Record<string, string>>;

// oxlint-disable-next-line no-control-regex
const styleSequence = /\u001b\[([0-9;]*)m/g;

const setBy: Readonly<Record<number, string>> = {
  1: 'bold',
  2: 'dim',
  3: 'italic',
  4: 'underline',
  7: 'reverse',
  9: 'strikethrough',
};
const clearedBy: Readonly<Record<number, readonly string[]>> = {
  22: ['bold', 'dim'],
  23: ['italic'],
  24: ['underline'],
  27: ['reverse'],
  29: ['strikethrough'],
  39: ['fg'],
  49: ['bg'],
};

/**
 * The sequence with which the line after `text` begins, when `text` itself began with `opening`. Both are empty or
 * one `ESC [ … m`.
 */
export function styleAfter(opening: string, text: string): string {
  if (!text.includes('\u001b')) return opening;
  let style: Style = {};
  for (const [, codes = ''] of (opening + text).matchAll(styleSequence)) style = applyCodes(style, codes);
  const inForce = Object.values(style);
  return inForce.length === 0 ? '' : `\u001b[${inForce.join(';')}m`;
}

function applyCodes(before: Style, codes: string): Style {
  let style = before;
  const numbers = codes.split(';').map(Number);
  for (let at = 0; at < numbers.length; at += 1) {
    const code = numbers[at] ?? 0;
    if (code === 0) style = {};
    else if (code === 38 || code === 48) {
      // `38;5;N` is one of 256 colours, `38;2;R;G;B` one of all.
      const length = numbers[at + 1] === 5 ? 3 : 5;
      style = { ...style, [code === 38 ? 'fg' : 'bg']: numbers.slice(at, at + length).join(';') };
      at += length - 1;
    } else style = applyCode(style, code);
  }
  return style;
}

function applyCode(style: Style, code: number): Style {
  const cleared = clearedBy[code];
  if (cleared !== undefined)
    return Object.fromEntries(Object.entries(style).filter(([slot]) => !cleared.includes(slot)));
  const slot = setBy[code] ?? slotOfColour(code);
  return slot === null ? style : { ...style, [slot]: String(code) };
}

function slotOfColour(code: number): 'fg' | 'bg' | null {
  if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) return 'fg';
  if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) return 'bg';
  return null;
}
