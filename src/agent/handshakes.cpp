#include "agent/handshakes.h"

namespace muster::agent {

Result<std::unique_ptr<Handshakes>> Handshakes::open(net::Loop& loop, std::string anchors_pem) {
  TRY(auto anonymous, net::TlsContext::client({.anchors_pem = anchors_pem}));
  TRY(auto own, net::TlsContext::client({.anchors_pem = anchors_pem}));
  return std::unique_ptr<Handshakes>(
      new Handshakes(loop, std::move(anchors_pem), std::move(anonymous), std::move(own)));
}

Handshakes::Handshakes(net::Loop& loop, std::string anchors_pem, net::TlsContext anonymous,
                       net::TlsContext own)
    : loop_(loop),
      anchors_pem_(std::move(anchors_pem)),
      anonymous_(std::move(anonymous)),
      own_(std::move(own)) {}

Result<void> Handshakes::trust(std::string anchors_pem) {
  if (anchors_pem == anchors_pem_) return {};
  TRY_VOID(anonymous_.reload({.anchors_pem = anchors_pem}));
  anchors_pem_ = std::move(anchors_pem);
  chain_pem_.clear();  // the next turn takes them on
  return {};
}

net::Task<Result<Handshakes::Turn>> Handshakes::as(Pair pair) {
  if (taken_) {
    net::Event mine(loop_);
    waiting_.push_back(&mine);
    co_await mine;  // whoever passes on leaves it taken, for us
  }
  taken_ = true;
  Turn turn(*this);
  if (pair.chain_pem != chain_pem_) {
    chain_pem_.clear();
    CO_TRY_VOID(own_.reload({.key_pem = pair.key_pem,
                             .chain_pem = pair.chain_pem,
                             .key = pair.key,
                             .anchors_pem = anchors_pem_}));
    chain_pem_ = pair.chain_pem;
  }
  co_return std::move(turn);
}

void Handshakes::pass_on() {
  if (waiting_.empty()) {
    taken_ = false;
    return;
  }
  waiting_.front()->set();
  waiting_.pop_front();
}

}  // namespace muster::agent
