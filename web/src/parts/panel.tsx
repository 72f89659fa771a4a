import { useId, type ReactNode } from "react";

interface Props {
  title: ReactNode;
  aside?: ReactNode;
  flush?: boolean; // the body brings its own margins: a table
  className?: string;
  testid?: string;
  children: ReactNode;
}

export function Panel({ title, aside, flush, className, testid, children }: Props) {
  const id = useId();
  return (
    <section className={className ? `panel ${className}` : "panel"} aria-labelledby={id} data-testid={testid}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside !== undefined && <div className="aside">{aside}</div>}
      </header>
      <div className={flush ? "panel-body flush" : "panel-body"}>{children}</div>
    </section>
  );
}
