// E-mail by SMTP: encrypted unless the operator has said otherwise, to servers that may be spoken to.
import type { Mail } from '@sluice/pipelines/notify/mail';
import type { MailSettings } from '@sluice/pipelines/notify/mail-settings';
import { createHash } from 'node:crypto';
import { connect, type LookupFunction, type Socket } from 'node:net';
import { rootCertificates } from 'node:tls';
import type { ChannelAddress } from '../store/notification-store.ts';
import { timeLimit } from '../time-limit.ts';
import { allowedAddress } from './allowed-address.ts';
import { refused, type Delivered } from './delivered.ts';
import { mailProblemOf } from './mail-problem.ts';

export interface OutgoingMail {
  readonly mail: Mail;
  /** The same for every try, so that a reader's program knows a second copy. */
  readonly id: string;
  /** Mails about the same thing stand together in a reader's program. */
  readonly about: string;
  readonly isUrgent: boolean;
}

export interface MailPlace {
  /** `url`: `smtp://host:587` (STARTTLS) or `smtps://host:465`; `secret`: the password of `settings.user`. */
  readonly address: ChannelAddress;
  readonly settings: MailSettings;
  readonly privateHosts: readonly string[];
}

const limitMs = 30_000;

/** What the server refuses for good (5xx) is final; what it puts off (4xx), and what cannot be reached, is not. */
export async function sendMail(outgoing: OutgoingMail, place: MailPlace): Promise<Delivered> {
  const { address, settings } = place;
  const { host, port, isTlsFromStart } = serverOf(address.url);
  const allowed = allowedAddress(host, place.privateHosts);
  if (allowed.kind === 'refused') return refused(allowed.problem);
  const { user, encrypted, certificates } = settings;
  if (user !== null && address.secret === null) {
    return refused(`the channel signs in as ${user} and has no password: store it as its secret`);
  }
  const limit = timeLimit(limitMs);
  // Loaded when the first mail goes out: servers start sooner.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    host,
    port,
    secure: isTlsFromStart,
    requireTLS: encrypted && !isTlsFromStart,
    tls: {
      minVersion: 'TLSv1.2',
      ...(certificates === null ? {} : { ca: [...rootCertificates, certificates] }),
    },
    ...(user === null || address.secret === null ? {} : { auth: { user, pass: address.secret } }),
    // Also where the server does not offer it: the refusal is said, instead of a mail in nobody's name.
    forceAuth: user !== null,
    greetingTimeout: limitMs,
    socketTimeout: limitMs,
    getSocket: (_options, callback) => {
      openSocket(host, port, allowed.lookup, limit).then(
        (connection) => callback(null, { connection }),
        (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), false),
      );
    },
  });
  try {
    const sent = await transport.sendMail({ ...letter(outgoing, settings), signal: limit });
    if (sent.rejected.length === 0) return { result: 'taken', note: null };
    return { result: 'taken', note: `it was refused for ${sent.rejected.join(', ')}` };
  } catch (error) {
    return mailProblemOf(error, { host, isLate: limit.aborted, secret: address.secret });
  } finally {
    transport.close();
  }
}

function serverOf(text: string): {
  readonly host: string;
  readonly port: number;
  readonly isTlsFromStart: boolean;
} {
  const url = new URL(text);
  const isTlsFromStart = url.protocol === 'smtps:';
  const port = url.port === '' ? (isTlsFromStart ? 465 : 587) : Number(url.port);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, isTlsFromStart };
}

function openSocket(
  host: string,
  port: number,
  lookup: LookupFunction | null,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal, ...(lookup === null ? {} : { lookup }) });
    // It stays: after the connection is made, this hears what nobody else does yet.
    socket.on('error', reject);
    socket.once('connect', () => resolve(socket));
  });
}

function letter({ mail, id, about, isUrgent }: OutgoingMail, { from, to }: MailSettings) {
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const thread = createHash('sha256').update(about).digest('hex').slice(0, 32);
  return {
    from: { name: 'Sluice', address: from },
    to: to.map((address) => ({ name: '', address })),
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    messageId: `<${id}@${domain}>`,
    references: [`<${thread}@${domain}>`],
    ...(isUrgent ? { priority: 'high' as const } : {}),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
