/** Text that came from an agent or a machine: isolated from its surroundings, hidden characters shown. Always through text nodes. */
import { splitVisible } from '../text/visible.ts';

const HAS_HIDDEN = /[^\t\n\u0020-\u007e\u00a1-\u00ac\u00ae-\u024f]/;

export function Text({ value, id, class: className }: { value: string; id?: string; class?: string }) {
  return (
    <bdi id={id} class={className}>
      <Visible value={value} />
    </bdi>
  );
}

/** The same without an element of its own. */
export function Visible({ value }: { value: string }) {
  if (!HAS_HIDDEN.test(value)) return <>{value}</>;
  return (
    <>
      {splitVisible(value).map((piece, i) =>
        'text' in piece ? (
          piece.text
        ) : (
          <span key={i} class="ghost" title={piece.name}>
            ⟦{piece.token}⟧
          </span>
        ),
      )}
    </>
  );
}
