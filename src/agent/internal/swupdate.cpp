#include "agent/internal/swupdate.h"

#include "agent/internal/command.h"
#include "agent/internal/process.h"

namespace muster::agent {
namespace {

constexpr std::size_t output_max = 16 * 1024;

std::string other(char slot) {
  return slot == 'a' ? "b" : "a";
}

}  // namespace

net::Task<Result<Placement>> Swupdate::place(Job job) {
  co_return Placement{other(job.slot), std::string(1, job.slot)};
}

net::Task<Result<void>> Swupdate::install(Job job) {
  const std::string set = settings_.selection + "," + job.placement.to;
  Error why;
  // Twice: now and then version 2022.12 ends with 1 after it said that it was successful.
  for (int attempt = 1; attempt <= 2; ++attempt) {
    CO_TRY(const Ended ended, co_await run_program(&loop_, {.words = {settings_.program, "-e", set,
                                                                      "-i", job.artifact.string()},
                                                            .within = settings_.install_within,
                                                            .output_max = output_max}));
    if (ended.code == 0) co_return Result<void>{};
    why = {ended.code < 0 ? Fault::unavailable : Fault::invalid,
           account_of("swupdate", ended, settings_.install_within)};
  }
  co_return std::unexpected(std::move(why));
}

net::Task<Result<Switched>> Swupdate::switch_to(std::string mode) {
  CO_TRY_VOID(
      co_await run_command(&loop_, settings_.activate_command, std::move(mode), settings_.within));
  co_return Switched::runs;
}

net::Task<Result<Switched>> Swupdate::activate(Job job) {
  co_return co_await switch_to(job.placement.to);
}

net::Task<Result<void>> Swupdate::check(Job) {
  co_return Result<void>{};
}

net::Task<Result<void>> Swupdate::confirm(Job job) {
  if (settings_.confirm_command.empty()) co_return Result<void>{};
  co_return co_await run_command(&loop_, settings_.confirm_command, job.placement.to,
                                 settings_.within);
}

net::Task<Result<Switched>> Swupdate::revert(Job job) {
  CO_TRY(const Switched switched, co_await switch_to(job.placement.from));
  if (!settings_.confirm_command.empty())
    CO_TRY_VOID(co_await run_command(&loop_, settings_.confirm_command, job.placement.from,
                                     settings_.within));
  co_return switched;
}

}  // namespace muster::agent
