import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from "react";
import { as_problem, type Problem } from "../api/problem";
import { ProblemNotice } from "./notice";

interface Props {
  title: string;
  verb: string;
  danger?: boolean;
  wide?: boolean;
  ready?: boolean; // false: the form is not complete
  submit: () => Promise<void>; // closes the dialog unless it throws
  stay?: boolean; // another dialog takes over instead
  close: () => void;
  children: ReactNode;
  extra?: ReactNode; // more buttons
}

// A modal question. The browser keeps the focus inside and gives it back; Escape closes.
export function Dialog({
  title,
  verb,
  danger,
  wide,
  ready = true,
  submit,
  stay,
  close,
  children,
  extra,
}: Props) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [busy, set_busy] = useState(false);
  const [problem, set_problem] = useState<Problem>();

  useEffect(() => box.current?.showModal(), []);

  async function on_submit(event: FormEvent) {
    event.preventDefault();
    set_busy(true);
    set_problem(undefined);
    try {
      await submit();
      if (!stay) close();
    } catch (error) {
      set_problem(as_problem(error));
      set_busy(false);
    }
  }

  return (
    <dialog ref={box} className={wide ? "dialog wide" : "dialog"} aria-labelledby={id} onClose={close}>
      <form onSubmit={on_submit}>
        <h2 id={id}>{title}</h2>
        {children}
        <ProblemNotice problem={problem} />
        <div className="acts">
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
          {extra}
          <button
            type="submit"
            className={danger ? "button main danger" : "button main"}
            disabled={!ready || busy}
            data-testid="confirm"
          >
            {busy ? "Working…" : verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}
