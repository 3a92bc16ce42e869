// The ways in which a secret shows up in a log: as it is, line by line, and as tools encode it.

/** Shorter ones would mask half the log. */
export const shortestSecret = 4;
/** Lines of a secret and pieces of its wrapped base64 are matched from this length on. */
const shortestPiece = 8;

/** Every text to mask for one secret, without duplicates; empty when the secret is too short to be masked. */
export function secretForms(secret: string): readonly string[] {
  if (secret.length < shortestSecret) return [];
  const forms = [secret, ...lines(secret)].flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    ...urlForms(text),
    ...base64Forms(text),
  ]);
  return [...new Set(forms)].filter((form) => form.length >= shortestSecret);
}

function lines(secret: string): readonly string[] {
  if (!/[\r\n]/.test(secret)) return [];
  const whole = [secret.trim(), secret.replaceAll('\r\n', '\n'), secret.replaceAll(/\r?\n/g, '\r\n')];
  const single = secret.split(/[\r\n]+/).map((line) => line.trim());
  return [...whole, ...single.filter((line) => line.length >= shortestPiece)];
}

function urlForms(text: string): readonly string[] {
  const wellFormed = Buffer.from(text).toString();
  const encoded = encodeURIComponent(wellFormed);
  const strict = encoded.replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const form = new URLSearchParams([['', wellFormed]]).toString().slice(1);
  return [encoded, strict, strict.replaceAll('%20', '+'), form].flatMap((one) => [
    one,
    lowerCaseEscapes(one),
  ]);
}

function lowerCaseEscapes(form: string): string {
  return form.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
}

/**
 * Base64 of the secret alone (also wrapped at 64 and 76 characters, as openssl and coreutils do) and of the
 * secret inside longer text: at each of three alignments the characters that only the secret decides.
 */
function base64Forms(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const alone = bytes.toString('base64');
  const standard = [
    alone,
    ...wrapped(alone, 64),
    ...wrapped(alone, 76),
    ...[0, 1, 2].map((n) => inside(bytes, n)),
  ];
  return standard.flatMap((form) => [
    form,
    form.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''),
  ]);
}

/** `before`: bytes of other text in the secret's first group of three. */
function inside(bytes: Buffer, before: number): string {
  const all = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  const first = before === 0 ? 0 : before + 1;
  return all.slice(first, Math.floor(((bytes.length + before) * 8) / 6));
}

function wrapped(form: string, width: number): readonly string[] {
  if (form.length <= width) return [];
  const pieces: string[] = [];
  for (let at = 0; at < form.length; at += width) pieces.push(form.slice(at, at + width));
  return pieces.filter((piece) => piece.length >= shortestPiece);
}
