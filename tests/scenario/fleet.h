// scenario/fleet -- many devices that enrol, renew and come back, and a controller, each with a
// clock of its own that may be set; on virtual time and seeded chance, without a socket.
//
// True time only goes on. All that are due in a step ask at once, before the controller answers
// any; who is told to come later waits longer each time, as an agent does. One thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/renewal.h"
#include "base/clock.h"
#include "base/random.h"
#include "desk/desk.h"
#include "desk/test_whole_domain.h"

namespace muster::scenario {

struct Member {
  DeviceId id;
  std::string token;
  Bytes spki;  // of what it asks for
  crypto::Hash request{};
  Bytes certificate, next;  // DER; next: not proved yet
  Instant not_before, not_after;
  agent::Renewal renewal;
  bool renewed = false;
  Duration ahead{};            // its clock, of true time
  Instant again, greets;       // in true time
  Duration wait{};             // before it asks again
  std::size_t given = 0;       // certificates
  std::size_t locked_out = 0;  // how often it was not let in
};

class Fleet {
 public:
  Fleet(std::uint64_t seed, std::size_t count, Duration life,
        signer::Policy = desk::testing::WholeDomain::generous());

  void pass(Duration, Duration step);
  void set_server_clock(Duration by) { clock_.pass(by); }

  std::vector<Member>& members() { return members_; }
  std::vector<std::size_t> given() const { return given_; }  // certificates, in each step so far
  std::size_t told_to_wait() const { return told_to_wait_; }
  std::size_t locked_out() const;
  desk::testing::WholeDomain& whole() { return whole_; }
  Instant server_time() const { return clock_.now(); }

  // As a door does, to the end.
  template <class Q>
  Result<typename Q::Answer> ask(Q question) {
    std::optional<Result<typename Q::Answer>> out;
    desk_.ask(link::Request(std::move(question)), [&](Result<link::Reply> reply) {
      if (reply)
        out = std::get<typename Q::Answer>(std::move(*reply));
      else
        out = std::unexpected(reply.error());
    });
    answer_all();
    return std::move(*out);
  }
  void expect_device(Member&);  // a new token
  link::Enrol enrolment(const Member&) const;

 private:
  void act(Member&);
  void greet(Member&, const Bytes& certificate);
  void make_request(Member&);
  void take(Member&, Result<link::Reply>, bool renewal);
  void answer_all();
  std::int64_t passed_ns() const;

  desk::testing::Folder folder_;
  ManualClock clock_;
  SeededRandom random_;
  desk::testing::Keys keys_;
  desk::testing::WholeDomain whole_;
  desk::Desk desk_;
  Instant true_time_, ticked_;
  std::vector<Member> members_;
  std::vector<std::size_t> given_;
  std::size_t told_to_wait_ = 0;
};

}  // namespace muster::scenario
