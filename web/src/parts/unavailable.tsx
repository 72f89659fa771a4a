import type { ReactNode } from "react";
import type { Problem } from "../api/problem";
import { Head, type Up } from "./head";
import { Empty, ProblemNotice } from "./notice";

interface Props {
  title: string;
  up: Up;
  problem: Problem | undefined;
  retry: () => void;
  command: string;
  children: ReactNode; // that there is no such thing
}

// What a screen shows instead of its one thing: nothing yet, that there is none, or why it cannot be read.
export function Unavailable({ title, up, problem, retry, command, children }: Props) {
  return (
    <>
      <Head title={title} up={up} />
      {problem?.status === 404 ? (
        <Empty command={command}>{children}</Empty>
      ) : (
        <ProblemNotice problem={problem} retry={retry} />
      )}
    </>
  );
}
