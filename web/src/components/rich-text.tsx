/** Text in which `…` marks what is typed literally. */
export function RichText({ text }: { readonly text: string }) {
  return (
    <span>
      {text.split('`').map((part, index) =>
        // The parts of one text never change places.
        index % 2 === 1 ? <code key={index}>{part}</code> : part,
      )}
    </span>
  );
}
