#include "agent/internal/command.h"

#include "agent/internal/process.h"

namespace muster::agent {

net::Task<Result<void>> run_command(net::Loop* loop, std::string line, std::string argument,
                                    Duration within) {
  const std::string script = argument.empty() ? line : line + " \"$1\"";
  CO_TRY(const Ended ended,
         co_await run_program(
             loop, {.words = {"/bin/sh", "-c", script, "sh", argument}, .within = within}));
  if (ended.code == 0) co_return Result<void>{};
  co_return fail(Fault::unavailable, account_of("the command", ended, within));
}

}  // namespace muster::agent
