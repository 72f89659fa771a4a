#include "agent/internal/hook.h"

#include "agent/internal/process.h"

namespace muster::agent {
namespace {

constexpr std::size_t output_max = 16 * 1024;
constexpr int code_again = 75;     // EX_TEMPFAIL of sysexits.h
constexpr int code_restarts = 76;  // the device is about to restart

std::vector<std::string> environment_of(const Job& job) {
  return {
      "MUSTER_SLOT=" + std::string(1, job.slot),         "MUSTER_VERSION=" + job.version,
      "MUSTER_SEQUENCE=" + std::to_string(job.sequence), "MUSTER_RELEASE_ID=" + job.release_id,
      "MUSTER_ARTIFACT=" + job.artifact.string(),        "MUSTER_RELEASE=" + job.release.string()};
}

}  // namespace

net::Task<Result<Switched>> Hook::run(std::string verb, Job job, Duration within) {
  CO_TRY(const Ended ended, co_await run_program(&loop_, {.words = {settings_.program, verb},
                                                          .environment = environment_of(job),
                                                          .within = within,
                                                          .output_max = output_max}));
  if (ended.code == 0) co_return Switched::runs;
  if (ended.code == code_restarts && (verb == "activate" || verb == "revert"))
    co_return Switched::restarts;
  const bool again = ended.code == code_again || ended.code < 0;
  co_return fail(again ? Fault::unavailable : Fault::invalid,
                 account_of("the hook's " + verb, ended, within));
}

net::Task<Result<Placement>> Hook::place(Job) {
  co_return Placement{};
}

net::Task<Result<void>> Hook::install(Job job) {
  CO_TRY_VOID(co_await run("install", std::move(job), settings_.install_within));
  co_return Result<void>{};
}

net::Task<Result<Switched>> Hook::activate(Job job) {
  co_return co_await run("activate", std::move(job), settings_.within);
}

net::Task<Result<void>> Hook::check(Job job) {
  CO_TRY_VOID(co_await run("check", std::move(job), settings_.within));
  co_return Result<void>{};
}

net::Task<Result<void>> Hook::confirm(Job job) {
  CO_TRY_VOID(co_await run("confirm", std::move(job), settings_.within));
  co_return Result<void>{};
}

net::Task<Result<Switched>> Hook::revert(Job job) {
  co_return co_await run("revert", std::move(job), settings_.within);
}

}  // namespace muster::agent
