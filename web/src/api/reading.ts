// Hooks that read the contract and keep what they read: one resource, or a list page by page.

import { useCallback, useEffect, useRef, useState } from "react";
import { read } from "./client";
import { as_problem, type Problem } from "./problem";
import type { Params } from "./query_string";
import type { Page } from "./types";

export interface Reading<T> {
  value: T | undefined;
  problem: Problem | undefined;
  busy: boolean;
  reload: () => void;
}

// path null: nothing to read yet. What was read stays on screen while it is read again.
export function useReading<T>(path: string | null, params?: Params): Reading<T> {
  const key = path === null ? null : path + JSON.stringify(params ?? {});
  const [kept, keep] = useState<{ key: string | null; value?: T; problem?: Problem }>({ key: null });
  const [round, set_round] = useState(0);
  const [busy, set_busy] = useState(false);
  const asked = useRef(params);
  asked.current = params;

  useEffect(() => {
    if (path === null) return;
    const abort = new AbortController();
    set_busy(true);
    read<T>(path, asked.current, abort.signal)
      .then((value) => keep({ key, value }))
      .catch((error: unknown) => {
        if (!abort.signal.aborted)
          keep((old) => ({ ...(old.key === key ? old : {}), key, problem: as_problem(error) }));
      })
      .finally(() => !abort.signal.aborted && set_busy(false));
    return () => abort.abort();
  }, [key, path, round]);

  const mine = kept.key === key;
  return {
    value: mine ? kept.value : undefined,
    problem: mine ? kept.problem : undefined,
    busy,
    reload: useCallback(() => set_round((n) => n + 1), []),
  };
}

export interface Listing<T> {
  items: T[];
  total: number | undefined;
  problem: Problem | undefined;
  busy: boolean;
  more: (() => void) | undefined; // undefined: all is here
  reload: () => void;
}

interface Kept<T> {
  items: T[];
  next: string | null;
  total?: number;
  problem?: Problem;
}

export function useListing<T>(path: string, params: Params = {}, limit = 100): Listing<T> {
  const key = path + JSON.stringify(params);
  const [kept, keep] = useState<Kept<T>>({ items: [], next: null });
  const [busy, set_busy] = useState(true);
  const [round, set_round] = useState(0);
  const turn = useRef<AbortController>(new AbortController());

  const ask = useCallback(
    async (cursor: string | null, before: T[]) => {
      const abort = turn.current;
      set_busy(true);
      try {
        const page = await read<Page<T>>(path, { ...params, limit, cursor }, abort.signal);
        if (abort.signal.aborted) return;
        keep({ items: [...before, ...page.items], next: page.next, total: page.total });
      } catch (error) {
        if (abort.signal.aborted) return;
        keep((old) => ({ ...old, problem: as_problem(error) }));
      }
      set_busy(false);
    },
    // key stands for path and params together
    [key, limit],
  );

  useEffect(() => {
    turn.current = new AbortController();
    void ask(null, []);
    return () => turn.current.abort();
  }, [ask, round]);

  const { items, next, total, problem } = kept;
  return {
    items,
    total,
    problem,
    busy,
    more: next && !busy ? () => void ask(next, items) : undefined,
    reload: useCallback(() => set_round((n) => n + 1), []),
  };
}
