import { createContext, useContext } from "react";
import type { Role, Session } from "../api/types";

export const SessionContext = createContext<Session | null>(null);

const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

export const useName = () => useContext(SessionContext)?.name ?? "";

// What a role may not do is not offered; the server refuses it in any case.
export const useMayAct = (as: Role = "operator") =>
  RANK[useContext(SessionContext)?.role ?? "viewer"] >= RANK[as];
