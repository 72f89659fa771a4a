import type { ReactNode } from "react";
import type { Listing } from "../api/reading";
import { count } from "../format/numbers";
import { ProblemNotice } from "./notice";
import { TableHead, type Column } from "./table_head";

// How many there are, beside the title of a screen.
export function Total({ list: { total } }: { list: Listing<unknown> }) {
  return total !== undefined && <span className="sub">{count(total)}</span>;
}

interface Props<T> {
  list: Listing<T>;
  columns: Column[];
  row: (item: T) => ReactNode;
  empty: ReactNode;
  label: string;
}

// A list that is read page by page, for lists that people read rather than search.
export function ListingTable<T>({ list, columns, row, empty, label }: Props<T>) {
  if (list.problem)
    return (
      <div className="panel-body">
        <ProblemNotice problem={list.problem} retry={list.reload} />
      </div>
    );
  if (list.items.length === 0) return list.busy ? <p className="empty">Reading…</p> : <>{empty}</>;
  return (
    <>
      <div className="scroll-x">
        <table className="table" aria-label={label}>
          <TableHead columns={columns} />
          <tbody>{list.items.map(row)}</tbody>
        </table>
      </div>
      {(list.more || (list.total ?? 0) > list.items.length) && (
        <div className="table-foot">
          {count(list.items.length)} of {count(list.total ?? list.items.length)}
          <button type="button" className="button" disabled={!list.more} onClick={list.more}>
            {list.busy ? "Reading…" : "Show more"}
          </button>
        </div>
      )}
    </>
  );
}
