// What went wrong, in words for a person. Every failed request ends as a Problem (RFC 9457).

export class Problem extends Error {
  constructor(
    readonly status: number, // 0: no answer came
    readonly title: string,
    readonly detail: string,
    readonly field: string | null = null,
  ) {
    super(detail || title);
  }
}

export async function problem_of(response: Response): Promise<Problem> {
  const fallback = new Problem(response.status, `The server answered ${response.status}`, "");
  if (!(response.headers.get("content-type") ?? "").includes("json")) return fallback;
  try {
    const body = (await response.json()) as Record<string, unknown>;
    const text = (name: string) => (typeof body[name] === "string" ? body[name] : "");
    return new Problem(
      response.status,
      text("title") || fallback.title,
      text("detail"),
      text("field") || null,
    );
  } catch {
    return fallback;
  }
}

export function as_problem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError)
    return new Problem(
      0,
      "The controller cannot be reached",
      "The network or the controller is down. Retrying helps once it is back.",
    );
  return new Problem(0, "The console failed", error instanceof Error ? error.message : String(error));
}
