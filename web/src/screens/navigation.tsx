// The way to every screen, with what wants attention there.

import type { ReactNode } from "react";
import { useFleet } from "../live/fleet";
import { Link } from "../route/link";
import { useWaiting } from "./waiting";

const ICONS: Record<string, string> = {
  "": "M2 2.5h5v5H2zM9 2.5h5v5H9zM2 9.5h5v4H2zM9 9.5h5v4H9z",
  devices: "M3 3h10v7H3zM8 10v3M5 13h6",
  rollouts: "M2 12.5h3v-3h3.5v-3H12v-3h2",
  incidents: "M8 2.2l6 11H2zM8 6.5v3M8 11.3v.2",
  releases: "M8 2l5.5 3v6L8 14l-5.5-3V5zM2.5 5L8 8l5.5-3M8 8v6",
  models: "M5 5h6v6H5zM6.5 2v3M9.5 2v3M6.5 11v3M9.5 11v3M2 6.5h3M2 9.5h3M11 6.5h3M11 9.5h3",
  webhooks: "M3 8h9M9 4.5L12.5 8 9 11.5M3 3.5v9",
  certificates: "M2.5 3h11v7h-11zM5 5.5h6M5 7.5h3M9 10v3.5l1.5-1 1.5 1V10",
  approvals: "M8 2.5a2.5 2.5 0 110 5 2.5 2.5 0 010-5zM3 13.5c0-2.8 2-4 5-4M9.5 12l1.5 1.5 3-3.2",
  attestation: "M8 2l5 1.8v4c0 3-2 5-5 6.2-3-1.2-5-3.2-5-6.2v-4zM5.8 8l1.6 1.6 3-3.2",
  ca: "M8 2.5v4M8 6.5H4v3M8 6.5h4v3M6.5 2.5h3M2.5 9.5h3v4h-3zM10.5 9.5h3v4h-3z",
  retirements: "M3 4.5h10M6 4.5V2.5h4v2M4 4.5l.8 9h6.4l.8-9M6.7 7v4M9.3 7v4",
  audit: "M4 2.5h8.5v11H4zM4 2.5L2.8 4v9.5H4M6.5 6h3.5M6.5 9h3.5",
};

const FIRST: [string, string][] = [
  ["", "Overview"],
  ["devices", "Devices"],
  ["rollouts", "Rollouts"],
  ["incidents", "Incidents"],
];
const IDENTITY: [string, string][] = [
  ["certificates", "Certificates"],
  ["approvals", "Approvals"],
  ["attestation", "Attestation"],
  ["ca", "CA"],
  ["retirements", "Retirements"],
];
const SECOND: [string, string][] = [
  ["releases", "Releases"],
  ["models", "Models"],
  ["webhooks", "Webhooks"],
  ["audit", "Ledger"],
];

export function Navigation({ screen }: { screen: string }) {
  const { fleet } = useFleet();
  const waiting = useWaiting();
  const pips: Record<string, ReactNode> = {
    incidents: fleet && fleet.incidents_open > 0 && <Pip n={fleet.incidents_open} what="open" alarm />,
    rollouts: fleet && fleet.rollouts_running > 0 && <Pip n={fleet.rollouts_running} what="running" />,
    approvals: waiting > 0 && <Pip n={waiting} what="waiting" alarm />,
  };
  const item = ([path, name]: [string, string]) => (
    <NavLink key={path} path={path} name={name} current={screen === path}>
      {pips[path]}
    </NavLink>
  );
  return (
    <nav aria-label="Main">
      {FIRST.map(item)}
      <hr />
      {IDENTITY.map(item)}
      <hr />
      {SECOND.map(item)}
    </nav>
  );
}

interface LinkProps {
  path: string;
  name: string;
  current: boolean;
  children: ReactNode;
}

function NavLink({ path, name, current, children }: LinkProps) {
  return (
    <Link
      to={`/${path}`}
      aria-current={current ? "page" : undefined}
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
      {children}
    </Link>
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
