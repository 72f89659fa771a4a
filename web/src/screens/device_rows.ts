// The rows of the device table: read page by page as far as someone looks, patched by events, never
// moved under the pointer.

import { useEffect, useRef, useState } from "react";
import { read } from "../api/client";
import { as_problem, type Problem } from "../api/problem";
import { path_of } from "../api/query_string";
import type { Device, LedgerEntry, Page, Presence } from "../api/types";
import { useEvent } from "../live/hooks";

export type Row = Pick<
  Device,
  "id" | "model" | "state" | "online" | "firmware" | "risk" | "groups" | "last_seen"
>;

export interface Filter {
  q: string;
  selector: string;
  state: string;
}

const FIRST_PAGE = 200;
const NEXT_PAGE = 1000; // the most the server gives
const PATCHES_AT_ONCE = 20;
const REREAD_MS = 250;

const row_of = ({ id, model, state, online, firmware, risk, groups, last_seen }: Device): Row => ({
  id,
  model,
  state,
  online,
  firmware,
  risk,
  groups,
  last_seen,
});

// One reading of one filter. Changed in place, because it may hold 100,000 rows; `redraw` says when.
class Book {
  readonly rows: Row[] = [];
  total: number | undefined;
  problem: Problem | undefined;
  busy = false;
  stale = false; // more changed than was patched, or a change could not be read
  private readonly places = new Map<string, number>();
  private readonly abort = new AbortController();
  private readonly pending = new Set<string>();
  private next: string | null = null;
  private wanted = 1;
  private timer = 0;

  constructor(
    readonly filter: Filter,
    private readonly redraw: () => void,
  ) {}

  close(): void {
    this.abort.abort();
    window.clearTimeout(this.timer);
  }

  want(count: number): void {
    this.wanted = Math.max(this.wanted, count);
    if (!this.busy && !this.problem) void this.fill();
  }

  private async fill(): Promise<void> {
    this.busy = true;
    try {
      while (this.total === undefined || (this.next && this.rows.length < this.wanted)) {
        const limit = this.total === undefined ? FIRST_PAGE : NEXT_PAGE;
        const params = { ...this.filter, limit, cursor: this.next };
        this.add(await read<Page<Device>>("/devices", params, this.abort.signal));
      }
    } catch (error) {
      if (this.abort.signal.aborted) return;
      this.problem = as_problem(error);
    }
    this.busy = false;
    this.redraw();
  }

  private add(page: Page<Device>): void {
    for (const device of page.items) {
      this.places.set(device.id, this.rows.length);
      this.rows.push(row_of(device));
    }
    this.next = page.next;
    this.total = page.next ? Math.max(page.total, this.rows.length) : this.rows.length;
    this.redraw();
  }

  private patch(id: string, change: Partial<Row>): void {
    const place = this.places.get(id);
    if (place === undefined) return;
    this.rows[place] = { ...this.rows[place]!, ...change };
    this.redraw();
  }

  presence(id: string, online: boolean, at: string | null): void {
    this.patch(id, at ? { online, last_seen: at } : { online });
  }

  // The ledger spoke of this device: it is read again, unless too many are at once.
  changed(id: string): void {
    if (!this.places.has(id)) return;
    this.pending.add(id);
    if (this.timer) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      const ids = [...this.pending];
      this.pending.clear();
      if (ids.length > PATCHES_AT_ONCE) return this.outdated();
      for (const one of ids)
        read<Device>(path_of("devices", one), {}, this.abort.signal).then(
          (device) => this.patch(one, row_of(device)),
          () => this.abort.signal.aborted || this.outdated(),
        );
    }, REREAD_MS);
  }

  outdated(): void {
    this.stale = true;
    this.redraw();
  }
}

const NONE = new Book({ q: "", selector: "", state: "" }, () => {});

export function useDeviceRows(filter: Filter) {
  const [, draw] = useState(0);
  const [round, set_round] = useState(0);
  const book = useRef<Book>(NONE);
  const frame = useRef(0);

  useEffect(() => {
    const redraw = () => {
      frame.current ||= requestAnimationFrame(() => {
        frame.current = 0;
        draw((n) => n + 1);
      });
    };
    const mine = new Book(filter, redraw);
    book.current = mine;
    mine.want(1);
    redraw();
    return () => mine.close();
  }, [filter.q, filter.selector, filter.state, round]);

  useEvent<Presence>("presence", ({ device, online, at }) => book.current.presence(device, online, at));
  useEvent<LedgerEntry>("ledger", ({ target, action }) => {
    if (!target.startsWith("device/")) return;
    if (action === "device.expected") book.current.outdated();
    else book.current.changed(target.slice("device/".length));
  });

  const told = book.current.filter;
  const mine = told.q === filter.q && told.selector === filter.selector && told.state === filter.state;
  const { rows, total, problem, busy, stale } = mine ? book.current : NONE;
  return {
    rows,
    total,
    problem,
    busy,
    stale,
    want: (count: number) => void (mine && book.current.want(count)),
    reload: () => set_round((n) => n + 1),
  };
}
