#include "agent/internal/slot_folders.h"

#include "agent/internal/command.h"

namespace muster::agent {

net::Task<Result<void>> SlotFolders::tell(std::string command, std::string argument) {
  if (command.empty()) co_return Result<void>{};
  co_return co_await run_command(&loop_, std::move(command), std::move(argument), settings_.within);
}

net::Task<Result<Placement>> SlotFolders::place(Job) {
  co_return Placement{};
}

net::Task<Result<void>> SlotFolders::install(Job) {
  co_return Result<void>{};
}

net::Task<Result<Switched>> SlotFolders::activate(Job job) {
  CO_TRY_VOID(co_await tell(settings_.activate_command, job.folder.string()));
  co_return Switched::runs;
}

net::Task<Result<void>> SlotFolders::check(Job) {
  co_return Result<void>{};
}

net::Task<Result<void>> SlotFolders::confirm(Job job) {
  co_return co_await tell(settings_.confirm_command, job.folder.string());
}

net::Task<Result<Switched>> SlotFolders::revert(Job job) {
  CO_TRY_VOID(co_await tell(settings_.activate_command, job.former_folder.string()));
  CO_TRY_VOID(co_await tell(settings_.confirm_command, job.former_folder.string()));
  co_return Switched::runs;
}

}  // namespace muster::agent
