import { useId, type ReactNode } from "react";

interface Props {
  label: ReactNode;
  hint?: ReactNode;
  wrong?: boolean; // the hint is a complaint
  children: (id: string) => ReactNode;
}

export function Field({ label, hint, wrong, children }: Props) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children(id)}
      {hint && <span className={wrong ? "hint wrong" : "hint"}>{hint}</span>}
    </div>
  );
}
