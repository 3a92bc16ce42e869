/** What a registry answers with 401, from its `WWW-Authenticate` header (RFC 9110, 11.6.1). */
export type AuthChallenge =
  | { readonly scheme: 'basic' }
  /** distribution.github.io/distribution/spec/auth/token */
  | {
      readonly scheme: 'bearer';
      readonly realm: string;
      readonly service: string | null;
      readonly scope: string | null;
    };

/** Null: no scheme that we speak. */
export function parseAuthChallenge(header: string | null): AuthChallenge | null {
  const text = header ?? '';
  if (/^\s*basic\b/i.test(text)) return { scheme: 'basic' };
  if (!/^\s*bearer\b/i.test(text)) return null;
  const parameters = new Map<string, string>();
  for (const [, name, quoted, bare] of text.matchAll(
    /(?<![a-z_])([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi,
  )) {
    parameters.set((name ?? '').toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '');
  }
  const realm = parameters.get('realm');
  if (realm === undefined) return null;
  return {
    scheme: 'bearer',
    realm,
    service: parameters.get('service') ?? null,
    scope: parameters.get('scope') ?? null,
  };
}
