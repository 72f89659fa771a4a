// Which rows of a long list are in sight. Rows have one height, so their place is arithmetic.

import { useLayoutEffect, useState, type RefObject } from "react";

const OVERSCAN = 12;
const STEP = 8; // rows come and go by eights, so that most frames of a slow scroll change nothing

export interface Sight {
  first: number;
  end: number; // one past the last
}

export function sight(scrolled: number, height: number, row: number, rows: number): Sight {
  const first = Math.max(0, STEP * Math.floor((Math.floor(scrolled / row) - OVERSCAN) / STEP));
  const end = Math.min(rows, STEP * Math.ceil((Math.ceil((scrolled + height) / row) + OVERSCAN) / STEP));
  return { first: Math.min(first, end), end };
}

export function useSight(box: RefObject<HTMLElement | null>, row: number, rows: number): Sight {
  const [seen, set_seen] = useState<Sight>({ first: 0, end: 0 });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () =>
      set_seen((old) => {
        const next = sight(element.scrollTop, element.clientHeight, row, rows);
        return next.first === old.first && next.end === old.end ? old : next;
      });
    look();
    element.addEventListener("scroll", look, { passive: true });
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    return () => {
      element.removeEventListener("scroll", look);
      sizes.disconnect();
    };
  }, [box, row, rows]);
  return seen;
}
