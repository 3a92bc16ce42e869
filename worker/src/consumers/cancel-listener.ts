import type { Redis } from 'ioredis';
import { newsChannel, newsMessage } from '@sluice/pipelines/protocol/queues';
import type { LiveAttempts } from '../stages/live-attempt.ts';

/**
 * Makes a cancel instant: news of one for an attempt that this worker holds asks the server at once, by `beat`. The
 * heartbeat would notice it some seconds later anyway. `subscriber` is used for nothing else.
 */
export async function listenForCancels(
  subscriber: Redis,
  live: LiveAttempts,
  beat: () => Promise<void>,
): Promise<void> {
  subscriber.on('message', (_channel: string, text: string) => {
    const news = parseNews(text);
    if (news?.kind === 'cancel' && live.has(news.attemptId)) void beat();
  });
  await subscriber.subscribe(newsChannel);
}

function parseNews(text: string) {
  try {
    return newsMessage.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // another program on our channel
  }
}
