/**
 * Without the last characters that are among `characters`. It takes time by the length of the text; the pattern
 * `/[…]+$/` takes time by its square where such characters stand in the middle, and our texts are strangers'.
 */
export function trimEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
