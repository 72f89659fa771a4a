// api/events -- the event stream: every ledger entry in order, resumable by its index, and what
// changes beside it.
//
// Lives on the domain's thread, where both its sides are: entries are told after their commit, and
// a newcomer reads the entries it missed and joins in one step, so that nothing falls between.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "desk/desk.h"
#include "desk/telemetry.h"
#include "net/http.h"

namespace muster::api {

class Events {
 public:
  Events(desk::Domain&, desk::Telemetry&);
  void tell(const desk::News&);
  // last: the index after which to go on; none: from now. A stream ends once its watcher is no
  // longer welcome: the operator was removed, or the session has ended.
  Result<void> join(std::shared_ptr<net::http::EventChannel>, std::optional<std::uint64_t> last,
                    std::function<bool()> welcome);
  void greet(net::http::EventChannel&);  // after the commit: how the fleet is now
  std::size_t watchers() const { return watchers_.size(); }

 private:
  struct Watcher {
    std::shared_ptr<net::http::EventChannel> channel;
    std::function<bool()> welcome;
  };
  void tell_fleet();
  Result<void> tell_entries(std::uint64_t from, std::uint64_t to);
  void send(const std::string& event, const wire::Json& body, const std::string& id = {});
  void send_text(const std::string& event, const std::string& data, const std::string& id);

  desk::Domain& domain_;
  desk::Telemetry& telemetry_;
  std::vector<Watcher> watchers_;
  std::int64_t fleet_told_ns_ = 0;
  std::string fleet_told_;
};

}  // namespace muster::api
