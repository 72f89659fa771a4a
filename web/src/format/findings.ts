// What a feature of a device should have been, in words.

import type { Finding } from "../api/types";
import { band } from "./numbers";

export function expected(finding: Finding): string {
  return typeof finding.expected === "string" ? finding.expected : band(...finding.expected);
}
