// agent/handshakes -- the TLS contexts of one loop, shared by all its agents, each with a
// certificate of its own.
//
// A library context costs a quarter of a megabyte, and a process may have some 500 of them (each
// takes two of its thread-specific keys). So a loop has two, whatever the number of its agents: one
// without a certificate, for enrolment, and one that takes on the pair of whoever shakes hands now.
// Agents take turns at that, in order; connections made in a turn keep their pair for life.
//
// Its loop's thread; it outlives the agents and their connections.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "agent/credentials.h"
#include "base/result.h"
#include "net/loop.h"
#include "net/task.h"
#include "net/tls.h"

namespace muster::agent {

class Handshakes {
 public:
  static Result<std::unique_ptr<Handshakes>> open(net::Loop&, std::string anchors_pem);
  Handshakes(const Handshakes&) = delete;

  net::TlsContext& anonymous() { return anonymous_; }
  // In place of the anchors there were, for connections to come.
  Result<void> trust(std::string anchors_pem);

  class Turn {  // until it goes, new connections of tls() are made with the pair
   public:
    Turn(Turn&& other) noexcept : all_(std::exchange(other.all_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (all_) all_->pass_on();
    }
    net::TlsContext& tls() const { return all_->own_; }

   private:
    friend class Handshakes;
    explicit Turn(Handshakes& all) : all_(&all) {}
    Handshakes* all_;
  };
  net::Task<Result<Turn>> as(Pair);

 private:
  Handshakes(net::Loop&, std::string anchors_pem, net::TlsContext anonymous, net::TlsContext own);
  void pass_on();

  net::Loop& loop_;
  std::string anchors_pem_;
  net::TlsContext anonymous_, own_;
  std::string chain_pem_;  // of own_
  bool taken_ = false;
  std::deque<net::Event*> waiting_;
};

}  // namespace muster::agent
