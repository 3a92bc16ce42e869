// A virtual list of rows of one height. Only the rows in view exist. Browsers cannot make an element taller than
// some 17 million pixels, so above `tallest` the scroll bar is scaled: rows keep their height, the bar moves less.
import {
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
  type ReactNode,
  type Ref,
} from 'react';

export interface LogRowsHandle {
  /** Brings the row into view, a third of the way down. */
  readonly scrollToRow: (row: number) => void;
  readonly scrollToEnd: () => void;
}

interface LogRowsProps {
  readonly count: number;
  readonly rowHeight: number;
  readonly follow: boolean;
  readonly label: string;
  readonly renderRow: (row: number) => ReactNode;
  /** Rows [from, to) are in view. */
  readonly onVisible: (from: number, to: number) => void;
  /** The reader went back: following has to stop. */
  readonly onScrollUp: () => void;
  readonly ref: Ref<LogRowsHandle>;
}

const tallest = 15_000_000;
const beyond = 16;

interface View {
  readonly first: number;
  readonly last: number;
  /** What is added to `row × rowHeight` to place a row; 0 while the bar is not scaled. */
  readonly shift: number;
}

export function LogRows(props: LogRowsProps) {
  const { count, rowHeight, follow, label, renderRow, onVisible, onScrollUp, ref } = props;
  const box = useRef<HTMLDivElement>(null);
  // Where the reader is: a scaled bar moves when the log grows, and its place alone would mean other rows then.
  const known = useRef({ top: 0, offset: 0 });
  const [view, setView] = useState<View>({ first: 0, last: 0, shift: 0 });
  const whole = count * rowHeight;
  const height = Math.min(whole, tallest);

  const measure = () => {
    const element = box.current;
    if (element === null) return;
    const isWhereItWas = Math.abs(element.scrollTop - known.current.top) < 1;
    const offset = isWhereItWas
      ? known.current.offset
      : toOffset(element.scrollTop, element.clientHeight, whole, height);
    known.current = { top: element.scrollTop, offset };
    const from = Math.max(0, Math.floor(offset / rowHeight));
    const to = Math.min(count, Math.ceil((offset + element.clientHeight) / rowHeight));
    const next = {
      first: Math.max(0, from - beyond),
      last: Math.min(count, to + beyond),
      shift: element.scrollTop - offset,
    };
    setView((known) =>
      known.first === next.first && known.last === next.last && known.shift === next.shift ? known : next,
    );
    onVisible(from, to);
  };
  const scrollToOffset = (offset: number) => {
    const element = box.current;
    if (element === null) return;
    element.scrollTop = toScrollTop(offset, element.clientHeight, whole, height);
    const last = Math.max(0, whole - element.clientHeight);
    known.current = { top: element.scrollTop, offset: Math.max(0, Math.min(offset, last)) };
    measure();
  };
  useImperativeHandle(ref, () => ({
    scrollToRow: (row) => scrollToOffset(row * rowHeight - (box.current?.clientHeight ?? 0) / 3),
    scrollToEnd: () => scrollToOffset(whole),
  }));
  useLayoutEffect(() => {
    scrollToOffset(follow ? whole : known.current.offset);
    // Placing depends on what is shown and on nothing else.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [count, follow, rowHeight]);
  const place = useRef(() => {});
  useLayoutEffect(() => {
    place.current = () => (follow ? scrollToOffset(whole) : measure());
  });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => place.current());
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const onScroll = () => {
    if ((box.current?.scrollTop ?? 0) < known.current.top - 1) onScrollUp();
    measure();
  };
  const turn = useRef((_event: WheelEvent) => {});
  useLayoutEffect(() => {
    turn.current = (event) => {
      const element = box.current;
      if (element === null || whole === height || event.deltaY === 0 || event.ctrlKey) return;
      // With a scaled bar a turn of the wheel must still move by as many rows as it does elsewhere.
      event.preventDefault();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * rowHeight : event.deltaY;
      if (pixels < 0) onScrollUp();
      scrollToOffset(known.current.offset + pixels);
    };
  });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const onWheel = (event: WheelEvent) => turn.current(event);
    // React listens passively, and then the browser's own scrolling could not be prevented.
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, []);
  const rows: ReactNode[] = [];
  for (let row = view.first; row < Math.min(view.last, count); row += 1) {
    rows.push(
      <div
        key={row}
        className="log-row-place"
        style={{ top: row * rowHeight + view.shift, height: rowHeight }}
      >
        {renderRow(row)}
      </div>,
    );
  }
  return (
    <div ref={box} className="log-rows" role="region" aria-label={label} tabIndex={0} onScroll={onScroll}>
      <div className="log-rows-inner" style={{ height }}>
        {rows}
      </div>
    </div>
  );
}

function toOffset(scrollTop: number, shown: number, whole: number, height: number): number {
  if (whole === height || height <= shown) return scrollTop;
  return (scrollTop / (height - shown)) * (whole - shown);
}

function toScrollTop(offset: number, shown: number, whole: number, height: number): number {
  const within = Math.max(0, Math.min(offset, whole - shown));
  if (whole === height || whole <= shown) return within;
  return (within / (whole - shown)) * (height - shown);
}
