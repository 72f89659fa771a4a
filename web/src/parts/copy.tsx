import { useEffect, useState } from "react";

export function Copy({ text, what }: { text: string; what: string }) {
  const [said, say] = useState("");
  useEffect(() => {
    if (!said) return;
    const timer = window.setTimeout(() => say(""), 1500);
    return () => window.clearTimeout(timer);
  }, [said]);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      say("Copied");
    } catch {
      say("Select it");
    }
  }
  return (
    <button type="button" className="copy" onClick={copy} aria-label={`Copy ${what}`} aria-live="polite">
      {said || "Copy"}
    </button>
  );
}
