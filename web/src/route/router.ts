// Where the console is: the path and query of the address bar. Screens are functions of it, so every
// view can be shared as a link.

import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
const tell = () => listeners.forEach((listener) => listener());
window.addEventListener("popstate", tell);

export function go(to: string, how: "push" | "replace" = "push"): void {
  if (how === "push") history.pushState(null, "", to);
  else history.replaceState(null, "", to);
  if (how === "push") window.scrollTo(0, 0);
  tell();
}

export function usePlace(): URL {
  const href = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => location.href,
  );
  return new URL(href);
}

// The segments of the path, decoded: /devices/a%2Fb is ["devices", "a/b"].
export function segments(place: URL): string[] {
  return place.pathname
    .split("/")
    .filter(Boolean)
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
}
