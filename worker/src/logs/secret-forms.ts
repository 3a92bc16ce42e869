// The ways in which a secret shows up in a log: as it is, line by line, and as tools encode it.

/** Shorter ones would mask half the log. */
export const shortestSecret = 4;
/** Lines of a secret, and base64 with white space in it, are matched from this length on. */
const shortestPiece = 8;

export interface SecretForms {
  /** Texts that stand in a log as they are. */
  readonly exact: readonly string[];
  /** Base64, which tools wrap and indent: to be found also with white space anywhere in it. */
  readonly spaced: readonly string[];
}

/** Every text to mask for one secret, without duplicates; none when the secret is too short to be masked. */
export function secretForms(secret: string): SecretForms {
  if (secret.length < shortestSecret) return { exact: [], spaced: [] };
  const texts = [secret, ...lines(secret)];
  const base64 = texts.flatMap(base64Forms);
  const exact = texts.flatMap((text) => [text, ...jsonForms(text), ...urlForms(text)]);
  return {
    exact: [...new Set([...exact, ...base64])].filter((form) => form.length >= shortestSecret),
    spaced: [...new Set(base64)].filter((form) => form.length >= shortestPiece),
  };
}

function lines(secret: string): readonly string[] {
  if (!/[\r\n]/.test(secret)) return [];
  const whole = [secret.trim(), secret.replaceAll('\r\n', '\n'), secret.replaceAll(/\r?\n/g, '\r\n')];
  const single = secret.split(/[\r\n]+/).map((line) => line.trim());
  return [...whole, ...single.filter((line) => line.length >= shortestPiece)];
}

/** As JavaScript writes it, as PHP (`\\/`), as Python (ASCII only), as Go (no HTML signs); escapes in either case. */
function jsonForms(text: string): readonly string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const escaped = [/[^\0-\x7f]/g, /[<>&\u2028\u2029]/g].flatMap((signs) => {
    const lower = json.replaceAll(signs, unicodeEscape);
    return [lower, lower.replaceAll(/\\u[0-9a-f]{4}/g, (escape) => `\\u${escape.slice(2).toUpperCase()}`)];
  });
  return [json, ...escaped].flatMap((form) => [form, form.replaceAll('/', '\\/')]);
}

const unicodeEscape = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;

function urlForms(text: string): readonly string[] {
  const wellFormed = Buffer.from(text).toString();
  const encoded = encodeURIComponent(wellFormed);
  const strict = encoded.replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const form = new URLSearchParams([['', wellFormed]]).toString().slice(1);
  return [encodeURI(wellFormed), encoded, strict, strict.replaceAll('%20', '+'), form].flatMap((one) => [
    one,
    lowerCaseEscapes(one),
  ]);
}

function lowerCaseEscapes(form: string): string {
  return form.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
}

/**
 * Base64 of the secret alone, and of the secret inside longer text: at each of three alignments the characters that
 * only the secret decides.
 */
function base64Forms(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const standard = [bytes.toString('base64'), ...[0, 1, 2].map((n) => inside(bytes, n))];
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
