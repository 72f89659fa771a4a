// Dark or light: the system's choice until the reader makes their own, which is kept in this browser.

export type Theme = "system" | "light" | "dark";
const KEY = "muster.theme";

export function kept_theme(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

export function apply_theme(theme: Theme): void {
  if (theme === "system") {
    localStorage.removeItem(KEY);
    delete document.documentElement.dataset["theme"];
  } else {
    localStorage.setItem(KEY, theme);
    document.documentElement.dataset["theme"] = theme;
  }
  window.dispatchEvent(new Event("muster-theme"));
}
