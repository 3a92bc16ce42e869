/** A gate in its frame, with water below. */
export function Logo({ size }: { readonly size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden fill="none" strokeLinecap="round">
      <path d="M6 6v20M26 6v20" stroke="currentColor" strokeWidth="2.6" />
      <path d="M11 6v9.500h10V6" stroke="currentColor" strokeWidth="2.6" strokeLinejoin="round" />
      <path
        d="M6 23.500c2.5-2 4.5-2 6.7 0s4.3 2 6.6 0 4.2-2 6.7 0"
        stroke="var(--accent)"
        strokeWidth="2.6"
      />
    </svg>
  );
}
