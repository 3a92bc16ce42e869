import { useMessages } from '../messages/language-context.tsx';
import { Dialog } from './dialog.tsx';

/** The keys that work, and what each does. */
export function ShortcutsHelp({ onClose }: { readonly onClose: () => void }) {
  const t = useMessages();
  const rows: readonly (readonly [keys: string, does: string])[] = [
    ['g r', t.shortcuts.runs],
    ['g e', t.shortcuts.environments],
    ['g s', t.shortcuts.settings],
    ['g d', t.shortcuts.docs],
    ['/', t.shortcuts.search],
    ['n', t.shortcuts.start],
    ['j', t.shortcuts.next],
    ['k', t.shortcuts.previous],
    ['Enter', t.shortcuts.open],
    ['a', t.shortcuts.approve],
    ['f', t.shortcuts.follow],
    ['t', t.shortcuts.times],
    ['?', t.shortcuts.help],
  ];
  return (
    <Dialog onClose={onClose} title={t.shortcuts.title} size="sm">
      <dl className="facts">
        {rows.map(([keys, does]) => (
          <div key={keys} style={{ display: 'contents' }}>
            <dt>
              {keys.split(' ').map((key, index) => (
                <span key={key}>
                  {index > 0 && ` ${t.shortcuts.then} `}
                  <kbd>{key}</kbd>
                </span>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
