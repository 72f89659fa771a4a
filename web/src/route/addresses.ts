// The addresses of the console's own views.

import { path_of, query_string, type Params } from "../api/query_string";

export const devices = (params: Params = {}) => "/devices" + query_string(params);
export const device = (id: string) => path_of("devices", id);
export const rollouts = (params: Params = {}) => "/rollouts" + query_string(params);
export const rollout = (id: string | number) => path_of("rollouts", id);
export const incidents = (params: Params = {}) => "/incidents" + query_string(params);
export const incident = (id: string | number) => path_of("incidents", id);
export const releases = () => "/releases";
export const models = () => "/models";
export const webhooks = () => "/webhooks";
export const certificates = (params: Params = {}) => "/certificates" + query_string(params);
export const approvals = (params: Params = {}) => "/approvals" + query_string(params);
export const attestation = () => "/attestation";
export const ca = () => "/ca";
export const retirements = () => "/retirements";
export const retirement = (id: string | number) => path_of("retirements", id);
export const audit = (params: Params = {}) => "/audit" + query_string(params); // /ledger is the log's own

// "device/meter-7" of a ledger entry, as a place in the console; null when it has none.
export function of_target(target: string): string | null {
  const cut = target.indexOf("/");
  const [kind, id] = [target.slice(0, cut), target.slice(cut + 1)];
  if (cut < 1 || !id) return null;
  if (kind === "device") return device(id);
  if (kind === "rollout") return rollout(id);
  if (kind === "incident") return incident(id);
  if (kind === "release") return releases();
  if (kind === "model") return models();
  if (kind === "webhook") return webhooks();
  if (kind === "enrolment") return approvals();
  if (kind === "ca") return ca();
  if (kind === "retirement") return retirement(id);
  return null;
}
