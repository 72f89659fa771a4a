// The frame around every screen: navigation with what wants attention, the state of the live link,
// theme, and who is signed in. It also says aloud what an operator should not miss.

import { useEffect, useState, type ReactNode } from "react";
import { read } from "../api/client";
import type { Fleet, LedgerEntry, Session } from "../api/types";
import { useEvent, useLink, usePolling } from "../live/hooks";
import { fleet_age_ms, tell_fleet, useFleet } from "../live/fleet";
import { announce, Announcements } from "../parts/announce";
import { TargetLink } from "../parts/ledger_entries";
import { Mark } from "../parts/mark";
import { apply_theme, kept_theme, type Theme } from "../parts/theme";
import { Link } from "../route/link";

const ICONS: Record<string, string> = {
  "": "M2 2.5h5v5H2zM9 2.5h5v5H9zM2 9.5h5v4H2zM9 9.5h5v4H9z",
  devices: "M3 3h10v7H3zM8 10v3M5 13h6",
  rollouts: "M2 12.5h3v-3h3.5v-3H12v-3h2",
  incidents: "M8 2.2l6 11H2zM8 6.5v3M8 11.3v.2",
  releases: "M8 2l5.5 3v6L8 14l-5.5-3V5zM2.5 5L8 8l5.5-3M8 8v6",
  models: "M5 5h6v6H5zM6.5 2v3M9.5 2v3M6.5 11v3M9.5 11v3M2 6.5h3M2 9.5h3M11 6.5h3M11 9.5h3",
  webhooks: "M3 8h9M9 4.5L12.5 8 9 11.5M3 3.5v9",
  audit: "M4 2.5h8.5v11H4zM4 2.5L2.8 4v9.5H4M6.5 6h3.5M6.5 9h3.5",
};

const FIRST: [string, string][] = [
  ["", "Overview"],
  ["devices", "Devices"],
  ["rollouts", "Rollouts"],
  ["incidents", "Incidents"],
];
const SECOND: [string, string][] = [
  ["releases", "Releases"],
  ["models", "Models"],
  ["webhooks", "Webhooks"],
  ["audit", "Ledger"],
];

const ALARMS = new Set(["incident.opened", "rollout.halted", "rollout.reverting"]);
const GOOD_NEWS = new Set(["rollout.done", "incident.closed"]);
const POLL_MS = 5_000;

function useFleetFeed(): void {
  const ask = () =>
    void read<Fleet>("/fleet")
      .then((fleet) => tell_fleet(fleet))
      .catch(() => undefined);
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
  const { fleet } = useFleet();
  useFleetFeed();
  useAlarms();
  const pips: Record<string, ReactNode> = {
    incidents: fleet && fleet.incidents_open > 0 && <Pip n={fleet.incidents_open} what="open" alarm />,
    rollouts: fleet && fleet.rollouts_running > 0 && <Pip n={fleet.rollouts_running} what="running" />,
  };
  const item = ([path, name]: [string, string]) => (
    <Link
      key={path}
      to={`/${path}`}
      aria-current={screen === path ? "page" : undefined}
      data-testid={`nav-${path || "overview"}`}
    >
      <svg
        viewBox="0 0 16 16"
        fill="none"
        strokeWidth="1.4"
        strokeLinejoin="round"
        strokeLinecap="round"
        aria-hidden="true"
      >
        <path d={ICONS[path]} />
      </svg>
      {name}
      {pips[path]}
    </Link>
  );
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
        <nav aria-label="Main">
          {FIRST.map(item)}
          <hr />
          {SECOND.map(item)}
        </nav>
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

function Pip({ n, what, alarm }: { n: number; what: string; alarm?: boolean }) {
  return (
    <span className={alarm ? "pip alarm" : "pip"}>
      {n}
      <span className="hidden"> {what}</span>
    </span>
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

function ThemeChoice() {
  const [theme, set_theme] = useState<Theme>(kept_theme);
  return (
    <div className="themes" role="radiogroup" aria-label="Theme">
      {(["system", "light", "dark"] as const).map((name) => (
        <label key={name}>
          <input
            type="radio"
            name="theme"
            className="hidden"
            checked={theme === name}
            onChange={() => {
              apply_theme(name);
              set_theme(name);
            }}
          />
          {name === "system" ? "Auto" : name === "light" ? "Light" : "Dark"}
        </label>
      ))}
    </div>
  );
}
