// Which screen the address asks for, and whether someone is signed in to see it.

import { lazy, Suspense, useEffect, useState } from "react";
import { on_signed_out, read, remove } from "./api/client";
import { as_problem, type Problem } from "./api/problem";
import type { Session } from "./api/types";
import { forget_fleet } from "./live/fleet";
import { close_stream, open_stream } from "./live/stream";
import { announce } from "./parts/announce";
import { SessionContext } from "./parts/session";
import { go, segments, usePlace } from "./route/router";
import { Devices } from "./screens/devices";
import { IncidentDetail } from "./screens/incident_detail";
import { Incidents } from "./screens/incidents";
import { Login, SignedOut } from "./screens/login";
import { Models } from "./screens/models";
import { NotFound } from "./screens/not_found";
import { Overview } from "./screens/overview";
import { Releases } from "./screens/releases";
import { RolloutDetail } from "./screens/rollout_detail";
import { Rollouts } from "./screens/rollouts";
import { Shell } from "./screens/shell";
import { Webhooks } from "./screens/webhooks";

const DeviceDetail = lazy(() => import("./screens/device_detail"));
const Audit = lazy(() => import("./screens/audit"));
const Certificates = lazy(() => import("./screens/certificates"));
const Approvals = lazy(() => import("./screens/approvals"));
const Ca = lazy(() => import("./screens/ca"));
const Retirements = lazy(() => import("./screens/retirements"));
const RetirementDetail = lazy(() => import("./screens/retirement_detail"));
const Attestation = lazy(() => import("./screens/attestation"));

function screen_of(path: string[]) {
  const [screen, id] = path;
  if (path.length > 2) return <NotFound />;
  if (screen === undefined) return <Overview />;
  if (screen === "devices") return id ? <DeviceDetail key={id} id={id} /> : <Devices />;
  if (screen === "rollouts") return id ? <RolloutDetail key={id} id={id} /> : <Rollouts />;
  if (screen === "incidents") return id ? <IncidentDetail key={id} id={id} /> : <Incidents />;
  if (screen === "releases" && !id) return <Releases />;
  if (screen === "models" && !id) return <Models />;
  if (screen === "webhooks" && !id) return <Webhooks />;
  if (screen === "certificates" && !id) return <Certificates />;
  if (screen === "approvals" && !id) return <Approvals />;
  if (screen === "attestation" && !id) return <Attestation />;
  if (screen === "ca" && !id) return <Ca />;
  if (screen === "retirements") return id ? <RetirementDetail key={id} id={id} /> : <Retirements />;
  if (screen === "audit" && !id) return <Audit />;
  return <NotFound />;
}

type Standing = { is: "asking" } | { is: "out"; problem?: Problem } | { is: "in"; session: Session };

export function App() {
  const place = usePlace();
  const path = segments(place);
  const at_login = path[0] === "login";
  const [standing, set_standing] = useState<Standing>({ is: "asking" });

  useEffect(() => {
    on_signed_out(() => set_standing({ is: "out" }));
    if (at_login) return;
    read<Session>("/session")
      .then((session) => set_standing({ is: "in", session }))
      .catch((error: unknown) => {
        const problem = as_problem(error);
        set_standing(problem.status === 401 ? { is: "out" } : { is: "out", problem });
      });
  }, [at_login]);

  const signed_in = standing.is === "in" && !at_login;
  useEffect(() => {
    if (!signed_in) return;
    open_stream();
    return () => {
      close_stream();
      forget_fleet();
    };
  }, [signed_in]);

  if (at_login) return <Login link={place.hash.slice(1)} />;
  if (standing.is === "asking") return null;
  if (standing.is === "out") return <SignedOut {...(standing.problem && { problem: standing.problem })} />;

  async function sign_out() {
    try {
      await remove("/session");
    } catch (error) {
      const { status, message } = as_problem(error);
      if (status !== 401) return announce(`You are still signed in. ${message}`, true);
    }
    set_standing({ is: "out" });
    go("/");
  }
  return (
    <SessionContext value={standing.session}>
      <Shell session={standing.session} sign_out={() => void sign_out()} screen={path[0] ?? ""}>
        <Suspense fallback={null}>{screen_of(path)}</Suspense>
      </Shell>
    </SessionContext>
  );
}
