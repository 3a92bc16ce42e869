/**
 * A text with each `${{ … }}` in it replaced, whatever stands inside. It takes time by the length of the text; a pattern
 * looks for the end of each beginning anew, to the end of a hostile text that has none.
 */
export function replaceTemplates(text: string, by: (template: string) => string): string {
  const parts: string[] = [];
  let at = 0;
  for (;;) {
    const start = text.indexOf('${{', at);
    const end = start === -1 ? -1 : text.indexOf('}}', start + 3);
    if (end === -1) return parts.join('') + text.slice(at);
    parts.push(text.slice(at, start), by(text.slice(start, end + 2)));
    at = end + 2;
  }
}
