// The frame around every screen: navigation with what wants attention, the state of the live link,
// theme, and who is signed in. It also says aloud what an operator should not miss.

import { useEffect, useState, type ReactNode } from "react";
import { read } from "../api/client";
import { as_problem } from "../api/problem";
import type { Fleet, LedgerEntry, Session } from "../api/types";
import { useEvent, useLink, usePolling } from "../live/hooks";
import { fleet_age_ms, fleet_failed, tell_fleet } from "../live/fleet";
import { announce, Announcements } from "../parts/announce";
import { Choice } from "../parts/choice";
import { TargetLink } from "../parts/ledger_entries";
import { Mark } from "../parts/mark";
import { apply_theme, kept_theme, type Theme } from "../parts/theme";
import { Link } from "../route/link";
import { Navigation } from "./navigation";

const ALARMS = new Set(["incident.opened", "rollout.halted", "rollout.reverting"]);
const GOOD_NEWS = new Set(["rollout.done", "incident.closed"]);
const POLL_MS = 5_000;

function useFleetFeed(): void {
  const ask = () =>
    void read<Fleet>("/fleet")
      .then((fleet) => tell_fleet(fleet))
      .catch((error: unknown) => fleet_failed(as_problem(error)));
  useEffect(ask, []);
  useEvent<Fleet>("fleet", (fleet) => tell_fleet(fleet));
  usePolling(() => fleet_age_ms() >= POLL_MS && ask(), POLL_MS); // the stream says nothing, or is down
}

function useAlarms(): void {
  useEvent("gap", () =>
    announce("Many events were missed while this page was away. Reload it to see everything.", true),
  );
  useEvent<LedgerEntry>("ledger", (entry) => {
    const alarm = ALARMS.has(entry.action);
    if (!alarm && !GOOD_NEWS.has(entry.action)) return;
    announce(
      <span>
        <strong>{entry.action.replace(".", " ")}</strong> <TargetLink target={entry.target} />
        {entry.reason && <span className="muted"> {entry.reason}</span>}
      </span>,
      alarm,
    );
  });
}

interface Props {
  session: Session;
  screen: string;
  sign_out: () => void;
  children: ReactNode;
}

export function Shell({ session, screen, sign_out, children }: Props) {
  useFleetFeed();
  useAlarms();
  return (
    <div className="shell" data-testid="console">
      <a
        className="skip"
        href="#main"
        onClick={(event) => (event.preventDefault(), document.getElementById("main")?.focus())}
      >
        Skip to content
      </a>
      <header className="rail">
        <Link to="/" className="brand">
          <Mark />
          Muster
        </Link>
        <Navigation screen={screen} />
        <div className="rail-foot">
          <LinkState />
          <ThemeChoice />
          <div className="row">
            <span className="who clip">
              <strong>{session.name}</strong> · {session.role}
            </span>
            <button type="button" onClick={sign_out} data-testid="sign-out">
              Sign out
            </button>
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Announcements />
    </div>
  );
}

function LinkState() {
  const link = useLink();
  return (
    <div className="link-state" data-link={link} role="status" data-testid="link-state">
      <i />
      <span>{link === "live" ? "Live" : "Reconnecting…"}</span>
    </div>
  );
}

const THEMES = [
  ["system", "Auto"],
  ["light", "Light"],
  ["dark", "Dark"],
] as const;

function ThemeChoice() {
  const [theme, set_theme] = useState<Theme>(kept_theme);
  const choose = (theme: Theme) => {
    apply_theme(theme);
    set_theme(theme);
  };
  return <Choice className="themes" label="Theme" options={THEMES} value={theme} choose={choose} />;
}
