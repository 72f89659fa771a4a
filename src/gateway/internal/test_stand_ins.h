// gateway/internal/test_stand_ins -- whom a gateway deals with, for this module's tests: a CA that
// issues to devices, a controller that answers as it is told, and a telemetry that keeps as it is
// told. Any thread where a class says so; else the test's.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "crypto/certificate.h"
#include "link/link.h"

namespace muster::gateway {

struct Papers {  // a name with its key and certificate
  std::string name, key_pem, certificate_pem, serial;
  link::Fingerprint fingerprint;
};

class FleetCa {
 public:
  FleetCa() {
    const auto der = expect(crypto::issue(profile(crypto::Use::root_ca, "Test fleet"),
                                          key_.public_key(), next_serial(), nullptr, key_));
    own_ = expect(crypto::parse_certificate(der));
  }
  std::string pem() const { return crypto::certificate_pem(own_.der); }
  const Bytes& der() const { return own_.der; }
  Papers issue(crypto::Use use, const std::string& name) {
    auto key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
    auto wanted = profile(use, name);
    if (use == crypto::Use::server) wanted.ip_addresses = {"127.0.0.1"};
    const auto serial = next_serial();
    const auto der = expect(crypto::issue(wanted, key.public_key(), serial, &own_, key_));
    return {name, key.private_pem(), crypto::certificate_pem(der), crypto::serial_hex(serial),
            crypto::sha256(der)};
  }

 private:
  static crypto::Profile profile(crypto::Use use, const std::string& name) {
    const Instant now = SystemClock().now();  // OpenSSL judges certificates by the system's time
    return {.use = use,
            .common_name = name,
            .not_before = now - 1h,
            .not_after = now + (use == crypto::Use::root_ca ? 48h : 24h)};
  }
  crypto::Serial next_serial() {
    crypto::Serial serial{1};
    serial[15] = ++issued_;
    return serial;
  }
  crypto::FileKey key_ = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
  crypto::Certificate own_;
  std::uint8_t issued_ = 0;
};

// The domain's side. Answers at once, unless it is told to hold the answers back. Any thread.
class Oracle final : public link::Controller {
 public:
  void ask(link::Request request, link::Answered answered) override {
    std::unique_lock lock(mutex_);
    asked_.push_back(request);
    askers_.insert(std::this_thread::get_id());
    if (holding_) return held_.emplace_back(std::move(request), std::move(answered)), void();
    auto reply = reply_to(request);
    lock.unlock();
    answered(std::move(reply));
  }

  void grant(const Papers& who, link::Grant grant) {
    std::lock_guard lock(mutex_);
    if (grant.application.empty()) grant.device = expect(DeviceId::parse(who.name));
    grant.serial = who.serial;
    grants_[who.fingerprint] = std::move(grant);
  }
  void revoke(const Papers& who) {
    std::lock_guard lock(mutex_);
    grants_.erase(who.fingerprint);
  }
  void hold(bool holding) {  // false: answers all that was held
    std::deque<std::pair<link::Request, link::Answered>> now;
    {
      std::lock_guard lock(mutex_);
      holding_ = holding;
      if (!holding) now.swap(held_);
    }
    for (auto& [request, answered] : now) answered(locked_reply_to(request));
  }
  template <class T>
  std::vector<T> asked() const {
    std::lock_guard lock(mutex_);
    std::vector<T> found;
    for (const auto& each : asked_)
      if (const T* one = std::get_if<T>(&each)) found.push_back(*one);
    return found;
  }
  bool asked_by(std::thread::id who) const {
    std::lock_guard lock(mutex_);
    return askers_.contains(who);
  }
  // Set before they are asked.
  Result<link::Reply> to_state = link::Reply{link::None{}};
  Result<link::Reply> to_certificate = link::Reply{Bytes{}};  // Enrol and Renew; GetCrl
  Result<link::Reply> to_order = link::Reply{std::string("{}")};
  Result<link::Reply> to_status = link::Reply{link::StatusAnswer{}};
  link::ActionNow to_action;
  link::ActionHeard to_word = link::ActionHeard::taken;

 private:
  Result<link::Reply> locked_reply_to(const link::Request& request) {
    std::lock_guard lock(mutex_);
    return reply_to(request);
  }
  Result<link::Reply> reply_to(const link::Request& request) {
    if (const auto* hello = std::get_if<link::Hello>(&request)) {
      auto at = grants_.find(hello->certificate);
      if (at == grants_.end()) return fail(Fault::unauthorized, "this certificate is not known");
      return at->second;
    }
    if (std::holds_alternative<link::GetDesired>(request)) return R"({"interval":30})";
    if (std::holds_alternative<link::GetUpdate>(request)) return R"({"release":"r-1"})";
    if (std::holds_alternative<link::State>(request)) return to_state;
    if (std::holds_alternative<link::Enrol>(request)) return to_certificate;
    if (std::holds_alternative<link::Renew>(request)) return to_certificate;
    if (const auto* find = std::get_if<link::FindProfile>(&request); find && find->name != "fields")
      return fail(Fault::missing, "there is no enrolment profile of this name");
    if (std::holds_alternative<link::GetCrl>(request)) return to_certificate;
    if (std::holds_alternative<link::GetStatus>(request)) return to_status;
    if (std::holds_alternative<link::AttestEnrol>(request)) return to_certificate;
    if (std::holds_alternative<link::AttestChallenge>(request)) return R"({"nonce":"AA=="})";
    if (std::holds_alternative<link::GetEvidenceAsk>(request)) return R"({"nonce":"AA=="})";
    if (std::holds_alternative<link::GetWipeOrder>(request)) return to_order;
    if (std::holds_alternative<link::Sanitised>(request)) return R"({"state":"retired"})";
    if (std::holds_alternative<link::GetAction>(request)) return to_action;
    if (std::holds_alternative<link::ActionWord>(request)) return to_word;
    if (std::holds_alternative<link::ActionLog>(request)) return to_word;
    if (std::holds_alternative<link::BeginSession>(request)) return std::string("a token");
    if (std::holds_alternative<link::ShowBoot>(request)) return R"({"state":"trusted"})";
    return link::None{};
  }

  mutable std::mutex mutex_;
  std::map<link::Fingerprint, link::Grant> grants_;
  std::vector<link::Request> asked_;
  std::set<std::thread::id> askers_;
  std::deque<std::pair<link::Request, link::Answered>> held_;
  bool holding_ = false;
};

// The keeper of readings. Any thread.
class Shelf final : public link::Telemetry {
 public:
  unsigned lanes() const override { return 1; }
  std::uint32_t slot(const DeviceId&, const ModelId&) override { return 7; }
  void take(unsigned, link::Batch batch, link::Kept kept) override {
    std::unique_lock lock(mutex_);
    most_readings_ = std::max(most_readings_, static_cast<int>(batch.readings.size()));
    for (const auto& message : batch.messages) {
      ++messages_;
      refused_ += message.refused;
      for (auto i = message.first; i < message.first + message.count; ++i)
        readings_[batch.names.substr(batch.readings[i].name_at, batch.readings[i].name_size)] =
            batch.readings[i].value;
    }
    if (holding_) return held_.emplace_back(std::move(batch), std::move(kept)), void();
    auto result = result_;
    lock.unlock();
    kept(std::move(result), std::move(batch));
  }
  void connected(std::uint32_t, bool here) override {
    std::lock_guard lock(mutex_);
    here_ += here ? 1 : -1;
  }
  void hold() {
    std::lock_guard lock(mutex_);
    holding_ = true;
  }
  void answer(const Result<void>& result) {  // what is held, and what comes
    std::deque<std::pair<link::Batch, link::Kept>> now;
    {
      std::lock_guard lock(mutex_);
      holding_ = false;
      result_ = result;
      now.swap(held_);
    }
    for (auto& [batch, kept] : now) kept(result, std::move(batch));
  }
  int messages() const { return read(messages_); }
  int refused() const { return read(refused_); }
  int here() const { return read(here_); }
  int most_readings() const { return read(most_readings_); }  // of one batch
  double reading(const std::string& name) const {
    std::lock_guard lock(mutex_);
    auto at = readings_.find(name);
    return at == readings_.end() ? -1 : at->second;
  }

 private:
  int read(const int& value) const {
    std::lock_guard lock(mutex_);
    return value;
  }
  mutable std::mutex mutex_;
  int messages_ = 0, refused_ = 0, here_ = 0, most_readings_ = 0;
  std::map<std::string, double> readings_;
  std::deque<std::pair<link::Batch, link::Kept>> held_;
  Result<void> result_;
  bool holding_ = false;
};

}  // namespace muster::gateway
