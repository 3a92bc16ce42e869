// What "this line holds that text" means, the same in the page and on the server.

/** Whether a line shows the text, in whatever case. The empty text is in no line. */
export function createLineTest(needle: string): (line: string) => boolean {
  const wanted = needle.toLowerCase();
  if (wanted === '') return () => false;
  return (line) => visibleText(line).toLowerCase().includes(wanted);
}

/** The text without terminal escape sequences. */
export function visibleText(text: string): string {
  return text.includes('\u001b') ? text.replace(escapeSequence, '') : text;
}

// CSI sequences (colours, cursor) and OSC sequences (titles, links).
// oxlint-disable-next-line no-control-regex
const escapeSequence = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g;
