#include "agent/course.h"

namespace muster::agent {

net::Task<Result<void>> Course::install() {
  CO_TRY(const bool here, updater_.shelve());
  if (!here) co_return Result<void>{};
  if (updater_.record().underway->placement == Placement{}) {
    auto placement = co_await installer_.place(updater_.job());
    if (!placement && placement.error().fault == Fault::unavailable)
      co_return std::unexpected(placement.error());
    if (!placement)
      co_return updater_.abandon("there is no place for it: " + placement.error().message);
    CO_TRY_VOID(updater_.place(std::move(*placement)));
  }
  CO_TRY(const bool may, updater_.begin_install());
  if (!may)
    co_return updater_.abandon("it could not be installed, " +
                               std::to_string(Updater::installs_max) + " times" +
                               (last_.empty() ? "" : ": " + last_));
  const auto installed = co_await installer_.install(updater_.job());
  if (installed) {
    last_.clear();
    co_return updater_.stage();
  }
  if (!leaving_ && installed.error().fault != Fault::unavailable)
    co_return updater_.abandon("it could not be installed: " + installed.error().message);
  last_ = installed.error().message;
  co_return installed;
}

net::Task<Result<Course::Trial>> Course::begin_trial() {
  CO_TRY(const bool may, updater_.begin_trial());
  if (!may) {
    CO_TRY_VOID(updater_.go_back("it never reached the controller, and no try is left"));
    co_return Trial::over;
  }
  const auto switched = co_await installer_.activate(updater_.job());
  if (!switched && leaving_) co_return Trial::waits;
  if (!switched) {
    CO_TRY_VOID(updater_.go_back(switched.error().message));
    co_return Trial::over;
  }
  co_return *switched == Switched::restarts ? Trial::waits : Trial::runs;
}

net::Task<Result<void>> Course::check() {
  co_return co_await installer_.check(updater_.job());
}

net::Task<Result<bool>> Course::settle() {
  const auto lasts = co_await installer_.confirm(updater_.job());
  if (!lasts && leaving_) co_return false;
  if (!lasts) {
    CO_TRY_VOID(updater_.go_back("it could not be made to last: " + lasts.error().message));
    co_return false;
  }
  CO_TRY_VOID(updater_.confirm());
  co_return true;
}

net::Task<Result<Switched>> Course::go_home() {
  CO_TRY(const auto switched, co_await installer_.revert(updater_.job()));
  if (switched == Switched::runs) CO_TRY_VOID(updater_.returned());
  co_return switched;
}

}  // namespace muster::agent
