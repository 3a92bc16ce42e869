// A real SMTP server on this machine, with a certificate of its own, that answers as the test says.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | null;
  readonly isEncrypted: boolean;
  readonly raw: string;
}

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface MailServer extends AsyncDisposable {
  readonly port: number;
  readonly received: readonly ReceivedMail[];
  /** What happens to mail from now on; null: it is taken. `to`: only to this recipient. */
  answer(code: number | null, words?: string, to?: string): void;
}

export async function openMailServer(options: {
  readonly certificate: Certificate;
  readonly isTlsFromStart?: boolean;
  readonly offersTls?: boolean;
  /** Nobody else may send. */
  readonly account?: { readonly user: string; readonly password: string };
}): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  let refusal: { readonly code: number; readonly words: string; readonly to: string | undefined } | null =
    null;
  const { account, certificate } = options;
  const problem = (code: number, words: string) => Object.assign(new Error(words), { responseCode: code });
  const server = new SMTPServer({
    ...certificate,
    secure: options.isTlsFromStart ?? false,
    disabledCommands: (options.offersTls ?? true) ? [] : ['STARTTLS'],
    authOptional: account === undefined,
    onAuth({ username, password }, _session, callback) {
      const isRight = username === account?.user && password === account?.password;
      callback(isRight ? null : problem(535, `5.7.8 wrong password ${password ?? ''}`), { user: username });
    },
    onRcptTo({ address }, _session, callback) {
      const isRefused = refusal !== null && (refusal.to === undefined || refusal.to === address);
      callback(isRefused && refusal !== null ? problem(refusal.code, refusal.words) : null);
    },
    onData(stream, session, callback) {
      void text(stream).then((raw) => {
        received.push({
          from: session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address,
          to: session.envelope.rcptTo.map(({ address }) => address),
          user: typeof session.user === 'string' ? session.user : null,
          isEncrypted: session.secure,
          raw,
        });
        callback();
      });
    },
  });
  // Clients that trust nobody hang up in the middle of a handshake.
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    received,
    answer(code, words = '', to) {
      refusal = code === null ? null : { code, words, to };
    },
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** For 127.0.0.1 and localhost, signed by itself. */
export async function makeCertificate(): Promise<Certificate> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-mail-'));
  try {
    const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
    const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
    const what = ['req', '-x509', '-subj', '/CN=localhost', '-days', '2', '-addext', names];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    await promisify(execFile)('openssl', [...what, ...curve, '-keyout', key, '-out', cert]);
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
