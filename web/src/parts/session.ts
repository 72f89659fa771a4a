import { createContext, useContext } from "react";
import type { Session } from "../api/types";

export const SessionContext = createContext<Session | null>(null);

export const useSession = () => useContext(SessionContext);

// Viewers see everything and change nothing; the server refuses them in any case.
export const useMayAct = () => (useSession()?.role ?? "viewer") !== "viewer";
