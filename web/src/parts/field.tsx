import { useId, type ReactNode } from "react";

interface Input {
  id: string;
  "aria-describedby"?: string;
}

interface Props {
  label: ReactNode;
  hint?: ReactNode;
  children: (input: Input) => ReactNode; // the input, with what ties it to its label and hint
}

export function Field({ label, hint, children }: Props) {
  const id = useId();
  const hint_id = `${id}-hint`;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, ...(hint !== undefined && { "aria-describedby": hint_id }) })}
      {hint !== undefined && (
        <span id={hint_id} className="hint">
          {hint}
        </span>
      )}
    </div>
  );
}
