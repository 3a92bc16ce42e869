import { CloseButton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useState } from 'react';
import type { NumberedLine } from '@sluice/pipelines/protocol/api';
import { formatCount } from '../format/figure.ts';
import { useMessages } from '../messages/language-context.tsx';
import { visibleText } from '@sluice/pipelines/log/find-text';
import { AnsiText } from './ansi-text.tsx';

interface LogWholeLineProps {
  /** The line of the address; undefined: none, or it is not held. */
  readonly line: NumberedLine | undefined;
  readonly style: string;
  readonly marked: string;
}

/** The line that was linked to, folded to the width of the window, where its row cannot show all of it. */
export function LogWholeLine({ line, style, marked }: LogWholeLineProps) {
  const t = useMessages();
  const isNarrow = useMediaQuery('(max-width: 760px)', window.innerWidth <= 760);
  const [closed, setClosed] = useState<number | null>(null);
  const fits = isNarrow ? 40 : 110;
  if (line === undefined || line.n === closed || visibleText(line.text).length <= fits) return null;
  return (
    <div className="log-whole" role="group" aria-label={t.log.whole(formatCount(line.n + 1))}>
      <b className="soft">{line.n + 1}</b>
      <span>
        <AnsiText text={style + line.text} marked={marked} />
      </span>
      <CloseButton size="sm" aria-label={t.actions.close} onClick={() => setClosed(line.n)} />
    </div>
  );
}
