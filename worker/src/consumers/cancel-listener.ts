import type { Redis } from 'ioredis';
import { newsChannel, newsMessage } from '@sluice/pipelines/protocol/queues';
import type { LiveAttempts } from '../stages/live-attempt.ts';

/**
 * Makes a cancel or a shell instant: news of one for this worker asks the server at once, by `beat`. The
 * heartbeat would notice it some seconds later anyway. `subscriber` is used for nothing else.
 */
export async function listenForCancels(
  subscriber: Redis,
  { workerId, live }: { readonly workerId: string; readonly live: LiveAttempts },
  beat: () => Promise<void>,
): Promise<void> {
  subscriber.on('message', (_channel: string, text: string) => {
    const news = parseNews(text);
    const isOurs =
      (news?.kind === 'cancel' && live.has(news.attemptId)) ||
      (news?.kind === 'shell' && news.workerId === workerId);
    if (isOurs) void beat();
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
