// The one way to the controller. It carries the session cookie, gives each POST its own
// Idempotency-Key, and turns every failure into a Problem. It never retries: whoever asks decides.

import { as_problem, problem_of } from "./problem";
import { query_string, type Params } from "./query_string";

const BASE = "/api/v1";
let when_signed_out: () => void = () => {};

export function on_signed_out(call: () => void): void {
  when_signed_out = call;
}

interface Request {
  params?: Params;
  body?: unknown;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

async function send(method: string, path: string, request: Request): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json", ...request.headers };
  const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store" };
  if (request.body !== undefined) {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(request.body);
  }
  if (request.signal) init.signal = request.signal;
  let response: Response;
  try {
    response = await fetch(BASE + path + query_string(request.params ?? {}), init);
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw as_problem(error);
  }
  if (response.ok) return response;
  if (response.status === 401 && path !== "/session") when_signed_out();
  throw await problem_of(response);
}

async function body_of<T>(response: Response): Promise<T> {
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

export async function read<T>(path: string, params?: Params, signal?: AbortSignal): Promise<T> {
  return body_of<T>(await send("GET", path, { ...(params && { params }), ...(signal && { signal }) }));
}

export async function post<T>(path: string, body: unknown = {}, params?: Params): Promise<T> {
  const headers = { "idempotency-key": crypto.randomUUID() };
  return body_of<T>(await send("POST", path, { body, headers, ...(params && { params }) }));
}

export async function remove(path: string): Promise<void> {
  await send("DELETE", path, {});
}
